import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { setTimeout as passed } from 'node:timers/promises'

/** Longer than load balancers keep an idle connection, so that it is never us who close it under a request. */
const KEEP_ALIVE_MS = 65_000

export interface StopTimes {
  /** How long new connections are still taken, because not everybody knows yet that they should go elsewhere. */
  noticeMs: number
  /** How long requests in progress then have. */
  graceMs: number
}

/** An HTTP server on one host and port. */
export class Listener {
  readonly #server: Server
  readonly #answering = new Set<ServerResponse>()
  #stopping = false

  constructor(app: RequestListener) {
    this.#server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
      this.#answering.add(response)
      response.once('close', () => this.#answering.delete(response))
      if (this.#stopping) response.setHeader('Connection', 'close')
      app(request, response)
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
        const address = this.#server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : port)
      })
    })
  }

  /**
   * Asks every client to leave with the answer to its present or next request (`Connection: close`), later accepts no more,
   * lets requests finish, then cuts what is left.
   */
  async stop({ noticeMs, graceMs }: StopTimes): Promise<void> {
    this.#stopping = true
    for (const response of this.#answering) if (!response.headersSent) response.setHeader('Connection', 'close')
    // An idle connection is not closed as yet: its next request may be on its way.
    if (noticeMs > 0) await passed(noticeMs)
    const cut = setTimeout(() => this.#server.closeAllConnections(), graceMs)
    // An event stream's connection has no answer left that could tell its client to leave.
    const idle = setInterval(() => this.#server.closeIdleConnections(), 50)
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
    clearTimeout(cut)
    clearInterval(idle)
  }
}
