import type { Response } from 'express'

/** What may wait for a client that reads slowly; then the stream ends, and the client resumes behind what it has. */
const MOST_WAITING_BYTES = 256 * 1024

/** How long an ended stream may take to get out what waits. */
const FLUSH_MS = 10_000

/** Heartbeats in a row at which something waits: nobody reads any more. */
const MOST_STALLED = 4

/** One client's stream of server-sent events. */
export class EventStream {
  readonly #response: Response
  readonly #heartbeat: NodeJS.Timeout
  #stalled = 0
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
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs)
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

  /** Sends what was there before the client came, however much: resolves when the client has read most of it. */
  async sendPast(frames: readonly string[]): Promise<void> {
    for (const frame of frames) {
      if (this.#ended || frame === '' || this.#response.write(frame)) continue
      await this.#drained()
    }
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        this.#response.off('drain', go).off('close', go)
        resolve()
      }
      this.#response.once('drain', go).once('close', go)
    })
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

  #beat(): void {
    this.#stalled = this.#response.writableLength === 0 ? 0 : this.#stalled + 1
    if (this.#stalled >= MOST_STALLED) this.#response.destroy()
    else this.send(':\n\n')
  }
}
