import type { Response } from 'express'

/** What may wait for a client that reads slowly; then the stream ends, and the client resumes behind what it has. */
const MOST_WAITING_BYTES = 1_000_000

/** How long an ended stream may take to get out what waits. */
const FLUSH_MS = 10_000

/** One client's stream of server-sent events. */
export class EventStream {
  readonly #response: Response
  readonly #heartbeat: NodeJS.Timeout
  #ended = false

  /** Answers with the stream's head and a comment, so that the client knows at once that it is connected. */
  constructor(response: Response, heartbeatMs: number) {
    this.#response = response
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache, no-transform',
      // nginx would keep the events back.
      'X-Accel-Buffering': 'no',
    })
    // After a restart not all clients come back at the same moment.
    response.write(`: connected\nretry: ${Math.round(1_000 + Math.random() * 1_000)}\n\n`)
    this.#heartbeat = setInterval(() => this.send(':\n\n'), heartbeatMs)
    response.once('close', () => {
      this.#ended = true
      clearInterval(this.#heartbeat)
    })
  }

  send(frames: string): void {
    if (this.#ended || frames === '') return
    this.#response.write(frames)
    if (this.#response.writableLength > MOST_WAITING_BYTES) this.end()
  }

  /** Ends the stream behind what was sent: a client that asks again gets what follows. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    clearInterval(this.#heartbeat)
    this.#response.end()
    const cut = setTimeout(() => this.#response.destroy(), FLUSH_MS).unref()
    this.#response.once('close', () => clearTimeout(cut))
  }
}

/** The streams of this process. */
export class EventStreams {
  readonly #open = new Set<EventStream>()
  readonly #heartbeatMs: number
  #closing = false

  constructor(heartbeatMs = 15_000) {
    this.#heartbeatMs = heartbeatMs
  }

  get size(): number {
    return this.#open.size
  }

  open(response: Response): EventStream {
    const stream = new EventStream(response, this.#heartbeatMs)
    this.#open.add(stream)
    response.once('close', () => this.#open.delete(stream))
    if (this.#closing) stream.end()
    return stream
  }

  /** Ends all of them, and those still to come, so that their clients connect again, elsewhere. */
  endAll(): void {
    this.#closing = true
    for (const stream of this.#open) stream.end()
  }
}
