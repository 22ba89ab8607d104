import { type RedisServer, startRedisServer } from '@chatlane/dev'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asToken, call, expectProblem, newConversation, say } from './calls.ts'
import { readEvents } from './event-reader.ts'
import { accountSid, type StartedApi, startApi } from './started-api.ts'
import { inbound, messages, newSid, postForm } from './twilio-requests.ts'

let server: RedisServer
let api: StartedApi
let operator: Redis
beforeAll(async () => {
  server = await startRedisServer({ appendonly: 'yes', appendfsync: 'always' })
  api = await startApi({ redisUrl: server.url })
  operator = new Redis(server.url)
  operator.on('error', () => {})
})
afterAll(async () => {
  operator.disconnect()
  await api.stop()
  await server.stop()
})

/** Every way in which something is brought to the api, each with what it answers when all is well. */
function requests(id: string, token: string): [name: string, ask: () => ReturnType<typeof call>, well: number][] {
  const sms = inbound({ From: '+15005554001' })
  const status = { AccountSid: accountSid, MessageSid: newSid(), MessageStatus: 'sent' }
  const statusPath = `/webhooks/twilio/status?conversation=${id}&message=1-1&part=0`
  return [
    ['an inbound SMS', () => postForm(api.url, messages, sms), 204],
    ['a status callback', () => postForm(api.url, statusPath, status), 204],
    ['a new conversation', () => call(api.url, '/v1/conversations', { body: { agent_id: 'a' } }), 201],
    ['a message', () => call(api.url, `/v1/conversations/${id}/messages`, { body: { text: 'hi' } }), 202],
    [
      'a message of the participant',
      () => call(api.url, `/v1/conversations/${id}/messages`, { body: { text: 'hi' }, headers: asToken(token) }),
      202,
    ],
    ['an end', () => call(api.url, `/v1/conversations/${id}/end`, { method: 'POST' }), 202],
  ]
}

/** What answers 503 for as long as Redis takes nothing. */
async function expectUnavailable(id: string, token: string): Promise<void> {
  for (const [, ask] of requests(id, token)) {
    const answer = await ask()
    expectProblem(answer, 503, 'unavailable')
    expect(answer.headers.get('retry-after')).toMatch(/^[1-5]$/)
  }
}

async function expectWell(id: string, token: string): Promise<void> {
  for (const [name, ask, well] of requests(id, token)) expect([name, (await ask()).status]).toEqual([name, well])
}

test('while Redis is away everything is answered at once, and afterwards all is as before', async () => {
  const { id, token } = await newConversation(api.url)
  const message = await say(api.url, id, 'before')
  const reader = await readEvents(`${api.url}/v1/conversations/${id}/events?token=${token}`)
  await server.kill()
  await expect.poll(() => api.redis.status).not.toBe('ready')
  await expectUnavailable(id, token)
  expectProblem(await call(api.url, '/readyz'), 503, 'unavailable')
  for (const path of ['', '/messages', '/events'])
    expectProblem(await call(api.url, `/v1/conversations/${id}${path}`), 503, 'unavailable')
  expect((await call(api.url, '/healthz')).status).toBe(200)

  await server.start()
  await expect.poll(async () => (await call(api.url, '/readyz')).status, { timeout: 10_000 }).toBe(200)
  await expectWell(id, token)
  const { items } = await api.conversations.messages(id, '0', 10)
  expect(items[0]).toMatchObject({ id: message, text: 'before' })
  // the stream has lived through it
  await reader.until(() => reader.events.some((event) => event.id === items[1]?.id))
  reader.close()
  // and what was accepted has a job
  expect(await api.lanes.queue(0).count()).toBeGreaterThan(0)
})

test.each([
  ['has no memory left', ['maxmemory', '1'], ['maxmemory', '0']],
  ['is a replica', ['replicaof', '127.0.0.1 1'], ['replicaof', 'no one']],
])('while Redis %s', async (_, broken, mended) => {
  const { id, token } = await newConversation(api.url)
  const set = ([name = '', value = '']: string[]) =>
    name === 'replicaof' ? operator.call(name, ...value.split(' ')) : operator.config('SET', name, value)
  await set(broken)
  try {
    await expectUnavailable(id, token)
  } finally {
    await set(mended)
  }
  await expect.poll(async () => (await call(api.url, '/readyz')).status, { timeout: 10_000 }).toBe(200)
  await expectWell(id, token)
})

test('while Redis does not answer nobody waits for it', async () => {
  const { id } = await newConversation(api.url)
  // longer than Twilio waits
  await operator.call('CLIENT', 'PAUSE', '20000', 'ALL')
  const began = performance.now()
  expectProblem(await call(api.url, `/v1/conversations/${id}`), 503, 'unavailable')
  expectProblem(await postForm(api.url, messages, inbound()), 503, 'unavailable')
  expect(performance.now() - began).toBeLessThan(15_000)
  await server.kill()
  await server.start()
  await expect.poll(async () => (await call(api.url, '/readyz')).status, { timeout: 10_000 }).toBe(200)
  expect((await call(api.url, `/v1/conversations/${id}`)).status).toBe(200)
})

test('a Redis that may evict keys is not ready', async () => {
  await operator.config('SET', 'maxmemory', '1gb')
  await operator.config('SET', 'maxmemory-policy', 'allkeys-lru')
  const problem = expectProblem(await call(api.url, '/readyz'), 503, 'unavailable')
  expect(problem.detail).toContain('noeviction')
  await operator.config('SET', 'maxmemory-policy', 'noeviction')
  expect((await call(api.url, '/readyz')).body).toEqual({ status: 'ready' })
})

test('replicas that are asked for and not there: the message is not acknowledged, and a repeat is safe', async () => {
  const strict = await startApi({ redisUrl: server.url, prefix: api.prefix, env: { REDIS_MIN_REPLICAS: '1' } })
  const { id } = await newConversation(api.url)
  const post = (url: string) =>
    call(url, `/v1/conversations/${id}/messages`, { body: { text: 'hi', client_message_id: 'k' } })
  expectProblem(await post(strict.url), 503, 'unavailable')
  expect((await post(api.url)).status).toBe(202)
  expect((await api.conversations.messages(id, '0', 10)).items).toHaveLength(1)
  await strict.stop()
})
