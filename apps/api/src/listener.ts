import { createServer, type RequestListener, type Server } from 'node:http'

/** Longer than load balancers keep an idle connection, so that it is never us who close it under a request. */
const KEEP_ALIVE_MS = 65_000

/** An HTTP server on one host and port. */
export class Listener {
  readonly #server: Server

  constructor(app: RequestListener) {
    this.#server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, app)
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

  /** Accepts no more, lets requests finish for `graceMs`, then cuts what is left. */
  async stop(graceMs: number): Promise<void> {
    const cut = setTimeout(() => this.#server.closeAllConnections(), graceMs)
    // A connection that finishes its request now would stay open for the next one.
    const idle = setInterval(() => this.#server.closeIdleConnections(), 50)
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
    clearTimeout(cut)
    clearInterval(idle)
  }
}
