import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface AlteredRedis {
  url: string
  close(): Promise<void>
}

/**
 * A way to a Redis that says of itself that it has another version, as an old one would.
 * @param version with as many characters as the true one, or fewer
 */
export async function redisOfVersion(targetUrl: string, version: string): Promise<AlteredRedis> {
  const target = new URL(targetUrl)
  const sockets = new Set<Socket>()
  // The length of the answer stays: what is left over goes to the field behind.
  const alter = (chunk: string) =>
    chunk.replace(/redis_version:([^\r]*)\r\nredis_git_sha1:/, (_, found: string) => {
      return `redis_version:${version}\r\nredis_git_sha1:${'0'.repeat(found.length - version.length)}`
    })
  const server = createServer((client) => {
    const inner = connect({ port: Number(target.port || 6379), host: target.hostname })
    for (const [from, to] of [
      [client, inner],
      [inner, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
    client.pipe(inner)
    // Latin 1 keeps every byte.
    inner.setEncoding('latin1').on('data', (chunk: string) => client.write(alter(chunk), 'latin1'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address')
  const url = new URL(target)
  url.host = `127.0.0.1:${address.port}`
  return {
    url: url.href,
    close: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
