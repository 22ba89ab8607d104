import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join, type Link } from './link.ts'

/** One address for several apis, as a load balancer gives: each connection goes to the next one that takes it. */
export class Front {
  readonly #ports: readonly number[]
  readonly #server: Server
  readonly #links = new Set<Link>()
  #turn = 0

  private constructor(ports: readonly number[]) {
    this.#ports = ports
    this.#server = createServer({ pauseOnConnect: true }, (client) => this.#pass(client, ports.length))
  }

  static async open(port: number, apiPorts: readonly number[]): Promise<Front> {
    const front = new Front(apiPorts)
    front.#server.listen(port, '127.0.0.1')
    await once(front.#server, 'listening')
    return front
  }

  close(): void {
    this.#server.close()
    for (const link of this.#links) link.reset()
  }

  #pass(client: Socket, tries: number): void {
    // Whoever leaves while an api is looked for.
    client.on('error', () => {})
    const upstream = connect(this.#ports[this.#turn++ % this.#ports.length] ?? 0, '127.0.0.1')
    const refused = () => {
      if (tries > 1 && !client.destroyed) this.#pass(client, tries - 1)
      else client.resetAndDestroy()
    }
    upstream.once('error', refused)
    upstream.once('connect', () => {
      upstream.off('error', refused)
      if (client.destroyed) return void upstream.destroy()
      const link = join(
        client,
        upstream,
        () => undefined,
        (closed) => this.#links.delete(closed),
      )
      this.#links.add(link)
      client.resume()
    })
  }
}
