import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { exchange } from '../src/http/exchange.ts'
import { openPool } from '../src/http/pool.ts'

const CONNECTIONS = 100

/** A server that answers when it is told to. */
async function holdingServer(keepAliveTimeout = 5_000) {
  const held: ServerResponse[] = []
  const sockets = new Set<Socket>()
  const server = createServer({ keepAliveTimeout }, (_request, response) => void held.push(response))
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close().closeAllConnections())
  const address: AddressInfo | string | null = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('expected a port')
  return { held, sockets, origin: `http://127.0.0.1:${address.port}` }
}

function pooled(origin: string, connections = CONNECTIONS) {
  const pool = openPool(origin, connections)
  onTestFinished(() => pool.destroy())
  return { pool, get: () => exchange(pool, { method: 'GET', path: '/' }, { timeoutMs: 60_000 }) }
}

test.each([10, CONNECTIONS])(
  'of %i connections each carries one request, and more requests wait',
  async (connections) => {
    const { held, sockets, origin } = await holdingServer()
    const { get } = pooled(origin, connections)
    const answers = Array.from({ length: 3 * connections }, get)
    const done: number[] = []
    for (const answer of answers) void answer.then(({ status = 0 }) => done.push(status))
    await expect.poll(() => held.length).toBe(connections)
    while (done.length < answers.length) {
      expect(sockets.size).toBeLessThanOrEqual(connections)
      expect(held.length).toBeLessThanOrEqual(connections)
      held.shift()?.end('ok')
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(new Set(done)).toEqual(new Set([200]))
  },
)

test('a connection that is lost takes its own request with it and no other', async () => {
  const { held, origin } = await holdingServer()
  const { pool, get } = pooled(origin)
  const answers = Array.from({ length: CONNECTIONS }, get)
  await expect.poll(() => held.length).toBe(CONNECTIONS)
  held[0]?.destroy()
  for (const response of held.splice(1)) response.end('ok')
  held.length = 0
  const failures = (await Promise.all(answers)).flatMap(({ failure }) => failure?.why ?? [])
  expect(failures).toEqual(['connection'])
  const next = Array.from({ length: CONNECTIONS }, get)
  await expect.poll(() => held.length).toBe(CONNECTIONS)
  for (const response of held) response.end('ok')
  expect((await Promise.all(next)).map(({ status }) => status)).toEqual(next.map(() => 200))
  await pool.close()
})

test('an idle connection is not kept for as long as the server says', async () => {
  const { held, sockets, origin } = await holdingServer(75_000)
  const { get } = pooled(origin)
  const answer = get()
  await expect.poll(() => held.length).toBe(1)
  held[0]?.end('ok')
  expect((await answer).headers).toMatchObject({ 'keep-alive': 'timeout=75' })
  expect(sockets.size).toBe(1)
  // The server would keep it for longer than the test may take.
  await expect.poll(() => sockets.size, { timeout: 30_000 }).toBe(0)
})

test('while nobody listens every request fails by itself, and afterwards all are answered', async () => {
  const { held, origin } = await holdingServer()
  const nobody = pooled('http://127.0.0.1:1')
  const failed = await Promise.all(Array.from({ length: 3 * CONNECTIONS }, nobody.get))
  expect(failed.every(({ sent, failure }) => !sent && failure?.why === 'connection')).toBe(true)
  const { get } = pooled(origin)
  const answer = get()
  await expect.poll(() => held.length).toBe(1)
  held[0]?.end('ok')
  expect(await answer).toMatchObject({ status: 200, text: 'ok' })
})
