import { keysLike, startRedisServer } from '@chatlane/dev'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { conversationKeys } from '../../../packages/core/src/conversations/keys.ts'
import { anonymous, asToken, call, expectProblem, newConversation, say } from './calls.ts'
import { type StartedApi, startApi, writeRoutes } from './started-api.ts'

const routes = writeRoutes(`
web:
  - public_key: pk_test
    allowed_origins: ["https://www.example.com"]
    agent_id: chat_agent_web
    limits:
      conversations_per_minute: 12
      address_conversations_per_minute: 4
      address_conversations_per_day: 6
      conversation_messages_per_day: 5
      address_messages_per_minute: 8
      address_messages_per_day: 10
`)

const origin = 'https://www.example.com'
const env = { API_TRUST_PROXY: '1', CHATLANE_CONFIG: routes }

/** Two processes of one deployment, which count together. */
async function startTwo() {
  const api = await startApi({ env })
  const second = await startApi({ env, prefix: api.prefix })
  onTestFinished(async () => {
    await api.stop()
    await second.stop()
  })
  let turn = 0
  const url = () => (turn++ % 2 === 0 ? api : second).url
  const create = (from: string) =>
    call(url(), '/v1/conversations', {
      body: { public_key: 'pk_test' },
      headers: { ...anonymous, origin, 'x-forwarded-for': from },
    })
  const write = ({ id, token }: { id: string; token: string }, from: string) =>
    call(url(), `/v1/conversations/${id}/messages`, {
      body: { text: 'hi' },
      headers: { ...asToken(token), 'x-forwarded-for': from },
    })
  return { api, url, create, write }
}

const withRoute = { public_key: 'pk_test' }

describe('visitors are counted by all processes together', () => {
  test('new conversations by address, whatever its spelling, and by public key', async () => {
    const { create } = await startTwo()
    for (const from of ['2001:db8:1:2::1', '2001:db8:1:2::2', '2001:DB8:1:2:ffff::3', '2001:db8:1:2::4'])
      expect((await create(from)).status).toBe(201)
    const late = await create('2001:db8:1:2:8000::5')
    expect(expectProblem(late, 429, 'too_fast').detail).toBe(
      'expected at most 4 conversations a minute from one address',
    )
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0)
    for (const from of ['192.0.2.1', '::ffff:192.0.2.1', '::ffff:c000:201', '192.0.2.1'])
      expect((await create(from)).status).toBe(201)
    expectProblem(await create('::ffff:192.0.2.1'), 429, 'too_fast')
    // What one address is refused, however often, is not taken from the others: 8 so far with this key.
    for (let i = 0; i < 15; i++) expectProblem(await create('192.0.2.1'), 429, 'too_fast')
    for (const from of ['192.0.2.2', '192.0.2.3', '192.0.2.2', '192.0.2.3'])
      expect((await create(from)).status).toBe(201)
    expect(expectProblem(await create('192.0.2.4'), 429, 'too_fast').detail).toMatch(
      /12 conversations a minute with one/,
    )
  })

  test('messages by conversation and by address, a day', async () => {
    const { url, write } = await startTwo()
    const [a, b] = [await newConversation(url(), withRoute), await newConversation(url(), withRoute)]
    const statuses: number[] = []
    for (let i = 0; i < 6; i++) statuses.push((await write(a, '192.0.2.9')).status)
    expect(statuses).toEqual([202, 202, 202, 202, 202, 429])
    expect((await write(b, '192.0.2.9')).status).toBe(202)
    expect((await write(b, '192.0.2.9')).status).toBe(202)
    expect(expectProblem(await write(b, '192.0.2.9'), 429, 'too_fast').detail).toMatch(/8 messages a minute from one/)
    expect((await write(b, '192.0.2.10')).status).toBe(202)
    const headers = { 'x-forwarded-for': '192.0.2.9' }
    for (const { id } of [a, b])
      expect((await call(url(), `/v1/conversations/${id}/messages`, { body: { text: 'hi' }, headers })).status).toBe(
        202,
      )
  })
})

describe('who reads', () => {
  let api: StartedApi
  beforeAll(async () => {
    api = await startApi({ env })
  })
  afterAll(() => api.stop())

  test('is held back by conversation, by what is asked for, and a server is not', async () => {
    const { id, token } = await newConversation(api.url)
    const read = (headers: Record<string, string>) =>
      call(api.url, `/v1/conversations/${id}/messages?limit=1000`, { headers })
    for (let i = 0; i < 6; i++) expect((await read(asToken(token))).status).toBe(200)
    expectProblem(await read(asToken(token)), 429, 'too_fast')
    expectProblem(await call(api.url, `/v1/conversations/${id}`, { headers: asToken(token) }), 429, 'too_fast')
    expectProblem(await call(api.url, `/v1/conversations/${id}/events`, { headers: asToken(token) }), 429, 'too_fast')
    expect((await read({})).status).toBe(200)
  })

  test('is held back by the bytes of what came, too', async () => {
    const { id, token } = await newConversation(api.url)
    for (let i = 0; i < 40; i++) await say(api.url, id, '\u{20000}'.repeat(7_900) + i)
    const read = () => call(api.url, `/v1/conversations/${id}/messages?limit=50`, { headers: asToken(token) })
    const statuses: number[] = []
    for (let i = 0; i < 10; i++) statuses.push((await read()).status)
    // By what was asked for each is one of 120.
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(2)
    expect(statuses.at(-1)).toBe(429)
  })
})

test('while Redis is away each process counts for itself', async () => {
  const redis = await startRedisServer()
  const api = await startApi({ redisUrl: redis.url, env })
  onTestFinished(() => api.stop())
  await redis.stop()
  await expect.poll(() => api.redis.status, { timeout: 90_000 }).not.toBe('ready')
  const headers = { ...anonymous, origin, 'x-forwarded-for': '192.0.2.1' }
  const create = () => call(api.url, '/v1/conversations', { body: { public_key: 'pk_test' }, headers })
  for (let i = 0; i < 4; i++) expectProblem(await create(), 503, 'unavailable')
  expectProblem(await create(), 429, 'too_fast')
})

test('requests by API key leave no counters in Redis', async () => {
  const api = await startApi({ env })
  onTestFinished(() => api.stop())
  const { id } = await newConversation(api.url, withRoute)
  await call(api.url, `/v1/conversations/${id}/messages`, { body: { text: 'hi' } })
  await call(api.url, `/v1/conversations/${id}/messages`)
  expect(await keysLike(api.redis, `${api.prefix}:limit:*`)).toEqual([])
})

test('a proxy that is not known is told of once', async () => {
  const api = await startApi()
  onTestFinished(() => api.stop())
  for (let i = 0; i < 3; i++) await call(api.url, '/v1/conversations', { headers: { 'x-forwarded-for': '192.0.2.1' } })
  expect(api.log.filter(({ event }) => event === 'unknown_proxy')).toHaveLength(1)
})

test("a visitor's key for a message is none of a server's", async () => {
  const api = await startApi()
  onTestFinished(() => api.stop())
  const { id, token } = await newConversation(api.url)
  const post = (text: string, headers: Record<string, string> = {}) =>
    call(api.url, `/v1/conversations/${id}/messages`, { body: { text, client_message_id: 'order-17' }, headers })
  const theirs = await post('from the visitor', asToken(token))
  const ours = await post('from the server')
  expect([theirs.status, ours.status]).toEqual([202, 202])
  expect(ours.body).not.toEqual(theirs.body)
  expect((await post('from the visitor', asToken(token))).body).toEqual(theirs.body)
  expect((await post('from the server')).body).toEqual(ours.body)
  expectProblem(await post('another one', asToken(token)), 409, 'conflict')
})

test('a conversation in which a visitor said nothing goes within hours, and is not listed', async () => {
  const api = await startApi()
  onTestFinished(() => api.stop())
  const created = await call(api.url, '/v1/conversations', {
    body: { public_key: 'pk_test' },
    headers: { ...anonymous, origin },
  })
  const { conversation_id: id } = z.object({ conversation_id: z.string() }).parse(created.body)
  const { record, ledger } = conversationKeys(api.prefix, id)
  expect(await api.redis.ttl(record)).toBeLessThanOrEqual(12 * 3_600)
  const listed = async () => JSON.stringify((await call(api.url, '/v1/conversations')).body)
  expect(await listed()).not.toContain(id)
  await say(api.url, id, 'hello')
  for (const key of [record, ledger]) expect(await api.redis.ttl(key)).toBeGreaterThan(89 * 24 * 3_600)
  expect(await listed()).toContain(id)
  const ofServer = await newConversation(api.url, withRoute)
  expect(await api.redis.ttl(conversationKeys(api.prefix, ofServer.id).record)).toBeGreaterThan(89 * 24 * 3_600)
})
