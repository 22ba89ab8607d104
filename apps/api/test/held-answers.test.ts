import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { HeldAnswers } from '../src/limits/held-answers.ts'
import { type RawClient, rawClient } from './raw-client.ts'

/** More than a connection's buffers take. */
const BYTES = 24 * 1024 * 1024
const answer = Buffer.alloc(BYTES, 'x')

let held: HeldAnswers
const server = createServer((request, response) => {
  try {
    held.hold(response, request.url ?? '', BYTES)
    response.end(answer)
  } catch {
    response.writeHead(503).end()
  }
})
let url: string
const clients: RawClient[] = []

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
})
beforeEach(() => {
  for (const { socket } of clients.splice(0)) socket.destroy()
})
afterAll(() => {
  for (const { socket } of clients) socket.destroy()
  server.close()
})

/** Asks for an answer and takes nothing of it. */
async function stall(path: string): Promise<RawClient> {
  const asked = once(server, 'request')
  const client = await rawClient(url, `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`)
  client.socket.pause()
  clients.push(client)
  await asked
  return client
}

const isCut = ({ socket }: RawClient) =>
  expect.poll(() => socket.resume().destroyed || socket.readableEnded, { timeout: 90_000 }).toBe(true)

const lengthOf = async (path: string) => (await (await fetch(url + path)).arrayBuffer()).byteLength

test('who takes nothing loses the oldest answer to the next one, and readers get theirs whole', async () => {
  held = new HeldAnswers({ mostBytes: 3 * BYTES, ofOneAddress: 2 * BYTES, yieldsAfterMs: 0 })
  const first = await stall('/a')
  await stall('/a')
  await stall('/a')
  await isCut(first)
  expect(await lengthOf('/b')).toBe(BYTES)
  // What was taken is held no more.
  expect(await lengthOf('/b')).toBe(BYTES)
  expect(await lengthOf('/b')).toBe(BYTES)
})

test('one who has had no time to read keeps the answer, and the next one is refused', async () => {
  held = new HeldAnswers({ mostBytes: 2 * BYTES, ofOneAddress: BYTES, yieldsAfterMs: 600_000 })
  await stall('/a')
  expect((await fetch(`${url}/a`)).status).toBe(503)
  await stall('/b')
  expect((await fetch(`${url}/c`)).status).toBe(503)
})

test('an answer that is larger than all room is given when it is alone', async () => {
  held = new HeldAnswers({ mostBytes: 1_000, ofOneAddress: 100, yieldsAfterMs: 600_000 })
  expect(await lengthOf('/a')).toBe(BYTES)
})
