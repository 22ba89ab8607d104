import { connect as connectPlainly, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectByTls } from 'node:tls'
import { AbstractConnector } from 'ioredis'

interface Address {
  host?: string
  port?: number
  tls?: ConnectionOptions
  disconnectTimeout?: number
}

/**
 * Connects as ioredis does, and besides
 * - says by TLS to which host (SNI), as a proxy in front of many Redis goes by it; what an IP address stands for cannot be said;
 * - lets any number of commands that a replica refused wait for the end of the connection, each with a listener of its own.
 */
export class Connector extends AbstractConnector {
  readonly #options: Address

  /** @param options those of the client; the address is read anew for each connection */
  constructor(options: unknown) {
    if (!isAddress(options)) throw new TypeError('expected the options of a Redis client')
    super(options.disconnectTimeout ?? 0)
    this.#options = options
  }

  override async connect(): Promise<Socket> {
    this.connecting = true
    const { host, port = 6379, tls } = this.#options
    const address = { port, ...(host && { host }) }
    const stream = tls ? connectByTls({ ...serverName(host), ...tls, ...address }) : connectPlainly(address)
    stream.setMaxListeners(0)
    stream.once('error', (error) => {
      this.firstError = error
    })
    this.stream = stream
    return stream
  }
}

const isAddress = (options: unknown): options is Address => typeof options === 'object' && options !== null

export function serverName(host: string | undefined): { servername?: string } {
  return host !== undefined && isIP(host) === 0 ? { servername: host } : {}
}
