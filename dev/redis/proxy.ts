import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A way to a Redis (or anything that speaks TCP) on which packets can get lost. */
export interface LossyProxy {
  /** The target's url with the proxy's address. */
  url: string
  /**
   * From now on what is sent over the present connections, and over new ones, goes nowhere, in both directions; nobody is
   * told: no end, no reset.
   */
  swallow(): void
  /** New connections work again. Those made before never do: the network between has forgotten them. */
  heal(): void
  /** Resolves when a connection is made. */
  connected(): Promise<void>
  close(): Promise<void>
}

export async function lossyProxy(targetUrl: string): Promise<LossyProxy> {
  const target = new URL(targetUrl)
  const sockets = new Set<Socket>()
  const lost = new Set<Socket>()
  let swallowing = false

  const server = createServer({ allowHalfOpen: true }, (client) => {
    const inner = connect({ port: Number(target.port || 6379), host: target.hostname, allowHalfOpen: true })
    for (const [from, to] of [
      [client, inner],
      [inner, client],
    ] as const) {
      sockets.add(from)
      if (swallowing) lost.add(from)
      from.on('error', () => {})
      from.on('data', (chunk: Buffer) => {
        if (!lost.has(from)) to.write(chunk)
      })
      from.on('end', () => {
        if (!lost.has(from)) to.end()
      })
      from.on('close', () => {
        sockets.delete(from)
        if (!lost.has(from)) to.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address')
  const url = new URL(target)
  url.host = `127.0.0.1:${address.port}`

  return {
    url: url.href,
    swallow: () => {
      swallowing = true
      for (const socket of sockets) lost.add(socket)
    },
    heal: () => {
      swallowing = false
    },
    connected: async () => {
      await once(server, 'connection')
    },
    close: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
