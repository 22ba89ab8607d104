import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { conversationKeys } from '../../../packages/core/src/conversations/keys.ts'
import { type LedgerEntry, ledgerEffect } from '../../../packages/core/src/conversations/ledger.ts'
import { call, expectProblem, newConversation, say } from './calls.ts'
import { type EventReader, readEvents } from './event-reader.ts'
import { rawClient } from './raw-client.ts'
import { apiKey, type StartedApi, startApi } from './started-api.ts'

let api: StartedApi
/** Another process of the same deployment. */
let second: StartedApi
const readers: EventReader[] = []
beforeAll(async () => {
  api = await startApi({ streams: { heartbeatMs: 50 } })
  second = await startApi({ prefix: api.prefix })
})
afterAll(async () => {
  for (const reader of readers) reader.close()
  await Promise.all([api.stop(), second.stop()])
})

async function open(conversation: { id: string; token: string }, query = '', headers: Record<string, string> = {}) {
  const path = `/v1/conversations/${conversation.id}/events?token=${conversation.token}${query}`
  const reader = await readEvents(api.url + path, headers)
  readers.push(reader)
  return reader
}

/** What a worker does: appends to the ledger and tells of it. */
async function append(conversation: string, entry: LedgerEntry): Promise<string> {
  const [command, key, ...args] = ledgerEffect(api.prefix, conversation, entry)
  const id = String(await second.redis.call(command, key, ...args))
  await second.redis.publish(conversationKeys(api.prefix, conversation).live, conversation)
  return id
}

const reply = (text: string, answers?: string): LedgerEntry => ({
  kind: 'message',
  role: 'agent',
  text,
  channel: 'web',
  status: 'delivered',
  ...(answers !== undefined && { answers }),
})

test('a stream says at once that it is one, and keeps saying that it lives', async () => {
  const reader = await open(await newConversation(api.url))
  expect(reader.status).toBe(200)
  expect(reader.headers.get('content-type')).toBe('text/event-stream')
  expect(reader.headers.get('cache-control')).toMatch(/no-cache/)
  expect(reader.headers.get('x-accel-buffering')).toBe('no')
  await reader.until(() => reader.comments.length >= 3)
})

test('what other processes write arrives as it happens', async () => {
  const conversation = await newConversation(api.url)
  await say(second.url, conversation.id, 'before')
  const reader = await open(conversation)
  const question = await say(second.url, conversation.id, 'line 1\nline 2\r\n\u2028:data: x')
  await reader.until(() => reader.events.length === 1)
  await second.redis.publish(conversationKeys(api.prefix, conversation.id).live, `typing ${conversation.id}`)
  await reader.until(() => reader.events.length === 2)
  const answer = await append(conversation.id, reply('echo', question))
  const opened = await append(conversation.id, { kind: 'conversation', status: 'open', chatId: 'chat_1' })
  const failed = await append(conversation.id, { kind: 'status', message: answer, status: 'failed', reason: 'why' })
  const closed = await append(conversation.id, { kind: 'conversation', status: 'closed', reason: 'inactive' })
  await reader.until(() => reader.events.at(-1)?.id === closed)
  const at = expect.stringMatching(/Z$/)
  const [asked] = reader.events
  expect(asked).toEqual({
    event: 'message',
    id: question,
    data: {
      id: question,
      role: 'user',
      text: 'line 1\nline 2\r\n\u2028:data: x',
      channel: 'web',
      status: 'queued',
      at,
    },
  })
  expect(reader.events.filter(({ event }) => event === 'typing')).toEqual([
    { event: 'typing', id: undefined, data: { conversation_id: conversation.id } },
  ])
  expect(reader.events.slice(1).filter(({ event }) => event !== 'typing')).toEqual([
    { event: 'status', id: undefined, data: { message_id: question, status: 'answered' } },
    {
      event: 'message',
      id: answer,
      data: { id: answer, role: 'agent', text: 'echo', channel: 'web', status: 'delivered', at },
    },
    { event: 'status', id: opened, data: { conversation: 'open', chat_id: 'chat_1' } },
    { event: 'status', id: failed, data: { message_id: answer, status: 'failed', reason: 'why' } },
    { event: 'status', id: closed, data: { conversation: 'closed', reason: 'inactive' } },
  ])
})

test('HEAD gets the head and no stream', async () => {
  const { id, token } = await newConversation(second.url)
  const answer = await fetch(`${second.url}/v1/conversations/${id}/events?token=${token}`, { method: 'HEAD' })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('text/event-stream')
  await expect.poll(() => second.streams.size).toBe(0)
})

describe('who comes back', () => {
  test('gets what is behind the last id, and then what follows', async () => {
    const conversation = await newConversation(api.url)
    const ids: string[] = []
    for (let i = 0; i < 4; i++) ids.push(await say(api.url, conversation.id, `message ${i}`))
    const seen = (reader: EventReader) => reader.events.map(({ id }) => id)
    const fromStart = await open(conversation, '&after=0')
    const byQuery = await open(conversation, `&after=${ids[1]}`)
    // a browser that comes back asks for the same URL again
    const byHeader = await open(conversation, '&after=0', { 'last-event-id': ids[2] ?? '' })
    ids.push(await say(api.url, conversation.id, 'one more'))
    for (const [reader, first] of [[fromStart, 0] as const, [byQuery, 2] as const, [byHeader, 3] as const]) {
      await reader.until(() => reader.events.length === 5 - first)
      expect(seen(reader)).toEqual(ids.slice(first))
    }
  })

  test.each(['x', '-', '1-', '1-1-1', '99999999999999999999'])(
    'with %s as last id is told what is expected',
    async (id) => {
      const conversation = await newConversation(api.url)
      const path = `/v1/conversations/${conversation.id}/events`
      const byQuery = expectProblem(await call(api.url, `${path}?after=${id}`), 400, 'invalid_request')
      expect(byQuery.errors?.[0]?.path).toBe('after')
      const byHeader = await call(api.url, path, { headers: { 'last-event-id': id } })
      expect(expectProblem(byHeader, 400, 'invalid_request').errors?.[0]?.path).toBe('Last-Event-ID')
    },
  )
})

test('a client that leaves is forgotten', async () => {
  const conversation = await newConversation(second.url)
  const reader = await readEvents(
    `${second.url}/v1/conversations/${conversation.id}/events?token=${conversation.token}`,
  )
  await reader.until(() => reader.comments.length > 0)
  expect(second.streams.size).toBe(1)
  expect(second.live.followers).toBe(1)
  reader.close()
  await expect.poll(() => second.streams.size + second.live.followers).toBe(0)
})

test('a client that cannot keep up is let go, and loses nothing by it', async () => {
  const conversation = await newConversation(second.url)
  const path = `/v1/conversations/${conversation.id}/events?token=${conversation.token}`
  const slow = await rawClient(second.url, `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`)
  await expect.poll(slow.received, { timeout: 90_000 }).toContain(': connected')
  slow.socket.pause()
  const ids: string[] = []
  for (let i = 0; i < 400; i++) ids.push(await append(conversation.id, reply(`${i} ${'x'.repeat(30_000)}`)))
  await expect.poll(() => second.streams.size, { timeout: 90_000 }).toBe(0)
  slow.socket.resume()
  const seen = [...(await slow.closed).matchAll(/^id: (\S+)\nevent: message\ndata: .*\n\n/gm)].map(([, id]) => id)
  expect(seen.length).toBeLessThan(ids.length)
  const again = await open(conversation, '&after=0', { 'last-event-id': seen.at(-1) ?? '' })
  await again.until(() => again.events.length === ids.length - seen.length)
  expect([...seen, ...again.events.map(({ id }) => id)]).toEqual(ids)
})

test('who names an event that is still to come hears what is new, and so does everybody else', async () => {
  const conversation = await newConversation(api.url)
  await append(conversation.id, reply('old'))
  const ahead = await open(conversation, '', { 'last-event-id': `${Date.now() + 3_600_000}-0` })
  const operator = await readEvents(`${api.url}/v1/conversations/${conversation.id}/events`, {
    authorization: `Bearer ${apiKey}`,
  })
  readers.push(operator)
  const id = await append(conversation.id, reply('new'))
  for (const reader of [ahead, operator]) {
    await reader.until(() => reader.events.length > 0)
    expect(reader.events.map((event) => event.id)).toEqual([id])
  }
})
