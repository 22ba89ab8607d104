import { isIP } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { AbstractConnector } from 'ioredis'

interface TlsAddress {
  host?: string
  port?: number
  tls?: ConnectionOptions
  disconnectTimeout?: number
}

/**
 * Connects by TLS and says to which host (SNI), which ioredis leaves out: a proxy in front of many Redis goes by it. What an
 * IP address stands for cannot be said.
 */
export class TlsConnector extends AbstractConnector {
  readonly #options: TlsAddress

  /** @param options those of the client; the address is read anew for each connection */
  constructor(options: unknown) {
    if (!isAddress(options)) throw new TypeError('expected the options of a Redis client')
    super(options.disconnectTimeout ?? 0)
    this.#options = options
  }

  override async connect(): Promise<TLSSocket> {
    this.connecting = true
    const { host, port, tls } = this.#options
    const stream = connect({ ...serverName(host), ...tls, ...(host && { host }), ...(port && { port }) })
    stream.once('error', (error) => {
      this.firstError = error
    })
    this.stream = stream
    return stream
  }
}

const isAddress = (options: unknown): options is TlsAddress => typeof options === 'object' && options !== null

export function serverName(host: string | undefined): { servername?: string } {
  return host !== undefined && isIP(host) === 0 ? { servername: host } : {}
}
