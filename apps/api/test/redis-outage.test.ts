import { lossyProxy, type RedisServer, startRedisServer } from '@chatlane/dev'
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
interface Talk {
  id: string
  token: string
  /** Its first message, which a status callback may be about. */
  message: string
}

async function talked(): Promise<Talk> {
  const { id, token } = await newConversation(api.url)
  return { id, token, message: await say(api.url, id, 'before') }
}

function requests({ id, token, message }: Talk): [name: string, ask: () => ReturnType<typeof call>, well: number][] {
  const sms = inbound({ From: '+15005554001' })
  const status = { AccountSid: accountSid, MessageSid: newSid(), MessageStatus: 'sent' }
  const statusPath = `/webhooks/twilio/status?conversation=${id}&message=${message}&part=0`
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
async function expectUnavailable(talk: Talk): Promise<void> {
  for (const [, ask] of requests(talk)) {
    const answer = await ask()
    expectProblem(answer, 503, 'unavailable')
    expect(answer.headers.get('retry-after')).toMatch(/^[1-5]$/)
  }
}

async function expectWell(talk: Talk): Promise<void> {
  for (const [name, ask, well] of requests(talk)) expect([name, (await ask()).status]).toEqual([name, well])
}

test('while Redis is away everything is answered at once, and afterwards all is as before', async () => {
  const talk = await talked()
  const { id, token, message } = talk
  const reader = await readEvents(`${api.url}/v1/conversations/${id}/events?token=${token}`)
  await server.kill()
  await expect.poll(() => api.redis.status).not.toBe('ready')
  await expectUnavailable(talk)
  await isNotReady()
  for (const path of ['', '/messages', '/events'])
    expectProblem(await call(api.url, `/v1/conversations/${id}${path}`), 503, 'unavailable')
  expect((await call(api.url, '/healthz')).status).toBe(200)
  const refused = api.log.filter(({ status }) => status === 503)
  expect(refused.length).toBeGreaterThan(5)
  for (const line of refused) expect(line).toMatchObject({ outcome: 'unavailable', why: expect.any(String) })
  expect(JSON.stringify(refused)).not.toContain('node_modules')

  await server.start()
  await expect.poll(async () => (await call(api.url, '/readyz')).status).toBe(200)
  await expectWell(talk)
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
  const talk = await talked()
  const set = ([name = '', value = '']: string[]) =>
    name === 'replicaof' ? operator.call(name, ...value.split(' ')) : operator.config('SET', name, value)
  await set(broken)
  try {
    await expectUnavailable(talk)
  } finally {
    await set(mended)
  }
  await expect.poll(async () => (await call(api.url, '/readyz')).status).toBe(200)
  await expectWell(talk)
})

const isNotReady = (url = api.url) =>
  expect.poll(async () => (await call(url, '/readyz')).status, { timeout: 90_000 }).toBe(503)
const isReady = (url = api.url) => expect.poll(async () => (await call(url, '/readyz')).status).toBe(200)

test('while Redis is frozen nobody waits for it, and streams go on afterwards', async () => {
  const talk = await talked()
  const { id, token } = talk
  const reader = await readEvents(`${api.url}/v1/conversations/${id}/events?token=${token}`)
  await server.freeze()
  const began = performance.now()
  await Promise.all([expectUnavailable(talk), expectUnavailable(talk)])
  await isNotReady()
  // Six requests one after the other: it was only the first that had to find out.
  expect(performance.now() - began).toBeLessThan(15_000)
  expect(api.redis.status).not.toBe('ready')
  await server.thaw()
  await isReady()
  await expectWell(talk)
  const message = await say(api.url, id, 'after')
  await reader.until(() => reader.events.some((event) => event.id === message))
  reader.close()
})

test('on a network that swallows everything nobody waits either, and a stream misses nothing', async () => {
  const proxy = await lossyProxy(server.url)
  const cutOff = await startApi({ redisUrl: proxy.url, prefix: api.prefix })
  const { id, token } = await newConversation(api.url)
  const reader = await readEvents(`${cutOff.url}/v1/conversations/${id}/events?token=${token}`)
  const first = await say(cutOff.url, id, 'before')
  proxy.swallow()
  const missed = await say(api.url, id, 'meanwhile')
  const post = () => call(cutOff.url, `/v1/conversations/${id}/messages`, { body: { text: 'lost' } })
  for (const answer of await Promise.all([post(), post(), post()])) expectProblem(answer, 503, 'unavailable')
  expectProblem(await post(), 503, 'unavailable')
  await isNotReady(cutOff.url)
  proxy.heal()
  // Neither the message that was stored meanwhile nor a later one needs anybody to ask.
  await reader.until(() => reader.events.some((event) => event.id === missed))
  await isReady(cutOff.url)
  const last = await say(api.url, id, 'after')
  await reader.until(() => reader.events.some((event) => event.id === last))
  expect(reader.events.map((event) => event.id)).toEqual([first, missed, last])
  reader.close()
  await cutOff.stop()
  await proxy.close()
})

test('while Redis reads its files', async () => {
  const slow = await startRedisServer({ 'key-load-delay': '500' })
  const own = await startApi({ redisUrl: slow.url })
  const { id } = await newConversation(own.url)
  // It is told that Redis is loading, in place of waiting until it has.
  const filler = new Redis(slow.url, { enableReadyCheck: false, retryStrategy: () => 20 })
  filler.on('error', () => {})
  const pipeline = filler.pipeline()
  for (let n = 0; n < 12_000; n++) pipeline.set(`filler:${n}`, n)
  await pipeline.exec()
  await slow.kill()
  let started = false
  const starting = slow.start().then(() => {
    started = true
  })
  let loading = 0
  while (!started) {
    const info = await filler.info('persistence').catch(() => '')
    const answer = await call(own.url, `/v1/conversations/${id}/messages`, { body: { text: 'hi' } })
    if (!info.includes('loading:1')) continue
    loading++
    expectProblem(answer, 503, 'unavailable')
  }
  await starting
  expect(loading).toBeGreaterThan(0)
  await isReady(own.url)
  await say(own.url, id, 'after')
  filler.disconnect()
  await own.stop()
  await slow.stop()
})

test('a Redis that may evict keys is not ready', async () => {
  await operator.config('SET', 'maxmemory', '1gb')
  await operator.config('SET', 'maxmemory-policy', 'allkeys-lru')
  await isNotReady()
  await operator.config('SET', 'maxmemory-policy', 'noeviction')
  await isReady()
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
