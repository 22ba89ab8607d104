import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { Server as TcpServer } from 'node:net'
import { setTimeout as passed } from 'node:timers/promises'

/** Longer than load balancers keep an idle connection, so that it is never us who close it under a request. */
const KEEP_ALIVE_MS = 65_000

export interface ListenerTimes {
  /** For a request's head to arrive. */
  headersMs: number
  /** For a whole request to arrive, its body included. */
  requestMs: number
  /** For the rest of a body that was answered before it was complete, so that its sender gets the answer. */
  restMs: number
  /** For an answer that is complete to be taken. */
  answerMs: number
  /** While stopping: without any request before idle connections are closed. */
  quietMs: number
}

const TIMES: ListenerTimes = { headersMs: 10_000, requestMs: 25_000, restMs: 2_000, answerMs: 60_000, quietMs: 1_000 }

export interface ListenerOptions {
  /** Connections at a time; further ones are closed at once. Absent: no limit. */
  mostConnections?: number
  times?: Partial<ListenerTimes>
  /** Told of a connection that was one too many. */
  onDrop?: () => void
}

export interface StopTimes {
  /** How long new connections are still taken, because not everybody knows yet that they should go elsewhere. */
  noticeMs: number
  /** How long requests in progress then have. */
  graceMs: number
}

/** An HTTP server on one host and port. */
export class Listener {
  readonly #server: Server
  readonly #times: ListenerTimes
  readonly #answering = new Set<ServerResponse>()
  /** Answers that were complete when last looked at, and not taken. */
  #untaken = new Map<ServerResponse, number>()
  #stopping = false
  /** When the last request came while stopping, ms. */
  #lastUse = 0
  /** When idle connections were last closed for others, ms. */
  #madeRoom = 0
  #look: NodeJS.Timeout | undefined

  constructor(app: RequestListener, { mostConnections, times, onDrop }: ListenerOptions = {}) {
    this.#times = { ...TIMES, ...times }
    const { headersMs, requestMs } = this.#times
    const options = {
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.min(1_000, requestMs),
    }
    this.#server = createServer(options, (request, response) => {
      this.#answering.add(response)
      response.once('close', () => this.#answering.delete(response))
      response.once('finish', () => this.#leaveRest(request))
      if (this.#stopping) {
        response.setHeader('Connection', 'close')
        this.#lastUse = Date.now()
      }
      app(request, response)
    })
    if (mostConnections !== undefined) this.#server.maxConnections = mostConnections
    this.#server.on('drop', () => {
      onDrop?.()
      if (Date.now() - this.#madeRoom < 1_000) return
      this.#madeRoom = Date.now()
      // Who holds a connection without using it has to make room.
      this.#server.closeIdleConnections()
    })
  }

  /**
   * Resolves with the port once connections are accepted.
   * @throws Error with `code` (`EADDRINUSE`, `EACCES`, …) when the address cannot be had
   */
  start(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        this.#look = setInterval(() => this.#cutUntaken(), this.#times.answerMs / 4).unref()
        const address = this.#server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : port)
      })
    })
  }

  /** A body that was refused, or that nobody wanted, may come to its end, but not for long. */
  #leaveRest(request: IncomingMessage): void {
    if (request.complete) return
    const { socket } = request
    setTimeout(() => {
      if (!request.complete) socket.destroy()
    }, this.#times.restMs).unref()
  }

  /** An answer that its reader does not take lies in memory. */
  #cutUntaken(): void {
    const now = Date.now()
    const untaken = new Map<ServerResponse, number>()
    for (const response of this.#answering) {
      if (!response.writableEnded) continue
      const since = this.#untaken.get(response) ?? now
      if (now - since >= this.#times.answerMs) response.destroy()
      else untaken.set(response, since)
    }
    this.#untaken = untaken
  }

  /**
   * Asks every client to leave with the answer to its present or next request (`Connection: close`), later accepts no more,
   * lets requests finish, then cuts what is left.
   */
  async stop({ noticeMs, graceMs }: StopTimes): Promise<void> {
    this.#stopping = true
    for (const response of this.#answering) if (!response.headersSent) response.setHeader('Connection', 'close')
    if (noticeMs > 0) await passed(noticeMs)
    this.#lastUse = Date.now()
    const cut = setTimeout(() => this.#server.closeAllConnections(), graceMs)
    // An idle connection's next request may be on its way, and is the only one whose answer can tell its client to leave.
    // Closed are those that nobody used for a while, such as an ended event stream's.
    const idle = setInterval(() => {
      if (Date.now() - this.#lastUse >= this.#times.quietMs) this.#server.closeIdleConnections()
    }, 50)
    // The HTTP server's own close would close idle connections at once.
    await new Promise<void>((resolve) => TcpServer.prototype.close.call(this.#server, () => resolve()))
    clearTimeout(cut)
    clearInterval(idle)
    clearInterval(this.#look)
    // Ends what looks after the connections.
    this.#server.close()
  }
}
