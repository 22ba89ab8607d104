import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { testRedisUrl } from '@chatlane/dev'
import { onTestFinished } from 'vitest'

export interface RedisProxy {
  url: string
  /** The next request with this text reaches Redis, its answer is lost with the connection. Resolves when that is done. */
  loseAnswerTo(text: string): Promise<void>
  /** The next request with this text, and all that its connection says after it, waits. Resolves when there is one. */
  hold(text: string): Promise<void>
  /** Lets through what waits. */
  release(): void
  /** Resolves with the next answer of a connection that was held. */
  answered(): Promise<void>
}

/** A way to the tests' Redis that can fail as networks do. */
export async function redisProxy(): Promise<RedisProxy> {
  const target = new URL(testRedisUrl())
  const sockets = new Set<Socket>()
  let meet: { text: string; act: (client: Socket, server: Socket, request: Buffer) => void } | undefined
  let release = () => {}
  let answered: Promise<unknown> = Promise.resolve()

  const proxy = createServer((client) => {
    const server = connect(Number(target.port || 6379), target.hostname)
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        client.destroy()
        server.destroy()
      })
    }
    server.on('data', (answer) => client.write(answer))
    client.on('data', (request: Buffer) => {
      if (!meet || !request.includes(meet.text)) return void server.write(request)
      const { act } = meet
      meet = undefined
      act(client, server, request)
    })
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address')
  const url = new URL(target)
  url.host = `127.0.0.1:${address.port}`

  return {
    url: url.href,
    loseAnswerTo: (text) =>
      new Promise((resolve) => {
        meet = {
          text,
          act: async (client, server, request) => {
            server.removeAllListeners('data')
            client.removeAllListeners('data')
            server.write(request)
            // Answers to what was asked before may come first; by now Redis has done all of it.
            await once(server, 'data')
            await wait(50)
            client.destroy()
            resolve()
          },
        }
      }),
    hold: (text) =>
      new Promise((resolve) => {
        meet = {
          text,
          act: (client, server, request) => {
            client.pause()
            release = () => {
              answered = once(server, 'data')
              server.write(request)
              client.resume()
            }
            resolve()
          },
        }
      }),
    release: () => release(),
    answered: async () => {
      await answered
    },
  }
}
