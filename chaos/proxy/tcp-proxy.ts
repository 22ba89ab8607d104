import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { type Hold, join, type Link } from './link.ts'

/** A TCP connection's place between one process and what it talks to, where it can be broken. */
export class TcpProxy {
  readonly port: number
  readonly #server: Server
  readonly #links = new Set<Link>()
  #hold: Hold
  /** New connections are swallowed as well. */
  #deaf = false
  /** Pieces that were swallowed or held back so far. */
  #hits = 0

  private constructor(port: number, upstreamPort: number) {
    this.port = port
    this.#server = createServer((client) => {
      const upstream = connect(upstreamPort, '127.0.0.1')
      const link = join(
        client,
        upstream,
        () => this.#hold,
        (closed) => this.#links.delete(closed),
      )
      this.#links.add(link)
      if (this.#deaf) this.#swallow(link)
    })
  }

  /** Listens on a port of this machine and passes everything on to another one. */
  static async open(port: number, upstreamPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(port, upstreamPort)
    await proxy.#listen()
    return proxy
  }

  get connections(): number {
    return this.#links.size
  }

  get hits(): number {
    return this.#hits
  }

  /** Resets every connection. */
  cut(): void {
    for (const link of [...this.#links]) link.reset()
  }

  /**
   * Until the returned function is called, what goes over the present connections goes nowhere and nobody is told; then they
   * are reset.
   * @param deaf whether new connections are no better
   */
  halfOpen(deaf: boolean): () => void {
    const hit = [...this.#links]
    this.#deaf = deaf
    for (const link of hit) this.#swallow(link)
    return () => {
      this.#deaf = false
      for (const link of deaf ? [...this.#links] : hit) link.reset()
    }
  }

  /** Holds back every chunk for as long as `hold` says, ms, until the returned function is called. */
  slow(hold: () => number): () => void {
    this.#hold = () => {
      this.#hits++
      return hold()
    }
    return () => {
      this.#hold = undefined
    }
  }

  /** Refuses connections, and resets those there are, until the returned function is called. */
  refuse(): () => Promise<void> {
    this.#server.close()
    this.cut()
    return () => this.#listen()
  }

  close(): void {
    this.#server.close()
    this.cut()
  }

  #swallow(link: Link): void {
    link.swallow(() => {
      this.#hits++
    })
  }

  async #listen(): Promise<void> {
    if (this.#server.listening) return
    this.#server.listen(this.port, '127.0.0.1')
    await once(this.#server, 'listening')
  }
}
