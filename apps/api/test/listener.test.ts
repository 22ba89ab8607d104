import { afterEach, expect, test } from 'vitest'
import { Listener, type ListenerOptions } from '../src/listener.ts'
import { type RawClient, rawClient } from './raw-client.ts'

const open: RawClient[] = []
afterEach(() => {
  for (const { socket } of open.splice(0)) socket.destroy()
})

async function start(options: ListenerOptions = {}, large = 0) {
  const listener = new Listener((request, response) => {
    request.resume()
    response.end(`answer to ${request.url}${' '.repeat(large)}`)
  }, options)
  const port = await listener.start('127.0.0.1', 0)
  const url = `http://127.0.0.1:${port}`
  const connect = async (bytes: string) => {
    const client = await rawClient(url, bytes)
    open.push(client)
    return client
  }
  return { listener, connect }
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`

test('while stopping, a connection that a proxy keeps is answered once more, and told to close with the answer', async () => {
  const { listener, connect } = await start({ times: { quietMs: 90_000 } })
  const kept = await Promise.all(Array.from({ length: 20 }, (_, i) => connect(get(`/first-${i}`))))
  for (const [i, { received }] of kept.entries())
    await expect.poll(received, { timeout: 90_000 }).toContain(`answer to /first-${i}`)
  const stopped = listener.stop({ noticeMs: 0, graceMs: 90_000 })
  // The proxy has seen nothing of the stop, and uses what it has.
  for (const [i, { socket }] of kept.entries()) socket.write(get(`/second-${i}`))
  const all = await Promise.all(kept.map(({ closed }) => closed))
  for (const [i, text] of all.entries()) {
    expect(text).toContain(`answer to /second-${i}`)
    expect(text).toMatch(/Connection: close/i)
  }
  await expect(connect(get('/'))).rejects.toThrow(/ECONNREFUSED/)
  await stopped
})

test('connections that nobody uses do not hold up the stop', async () => {
  const { listener, connect } = await start({ times: { quietMs: 50 } })
  const { received, closed } = await connect(get('/'))
  await expect.poll(received, { timeout: 90_000 }).toContain('answer')
  await listener.stop({ noticeMs: 0, graceMs: 600_000 })
  await closed
})

test('connections beyond the most are closed at once, and idle ones make room', async () => {
  let dropped = 0
  const { listener, connect } = await start({ mostConnections: 2, onDrop: () => dropped++ })
  const idle = await connect(get('/'))
  await expect.poll(idle.received, { timeout: 90_000 }).toContain('answer')
  const busy = await connect('GET / HTTP/1.1\r\n')
  const late = await connect(get('/')).catch(() => undefined)
  expect(await late?.closed).toBe('')
  expect(dropped).toBe(1)
  await idle.closed
  const next = await connect(get('/next'))
  await expect.poll(next.received, { timeout: 90_000 }).toContain('answer to /next')
  expect(busy.socket.destroyed).toBe(false)
  await listener.stop({ noticeMs: 0, graceMs: 0 })
})

test('an answer that nobody takes is given up', async () => {
  const { listener, connect } = await start({ times: { answerMs: 200 } }, 50_000_000)
  const reader = await connect('')
  reader.socket.pause()
  reader.socket.write(get('/'))
  // Resolves when there are no connections any more.
  await listener.stop({ noticeMs: 0, graceMs: 600_000 })
})
