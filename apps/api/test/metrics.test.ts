import { freshPrefix, type RedisServer, revealing, scrape, startRedisServer, total } from '@chatlane/dev'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ApiProcess, addressesOf, spawnApi } from './api-process.ts'
import { asToken, call, expectProblem, newConversation } from './calls.ts'
import { readEvents } from './event-reader.ts'
import { environment, serviceSid, writeRoutes } from './started-api.ts'
import { inbound, messages, postForm } from './twilio-requests.ts'

let redis: RedisServer
let api: ApiProcess
let url: string
let adminUrl: string
beforeEach(async () => {
  redis = await startRedisServer()
  const env = { REDIS_URL: redis.url, REDIS_PREFIX: freshPrefix(), CHATLANE_CONFIG: writeRoutes() }
  api = spawnApi({ ...environment, ...env })
  const addresses = await addressesOf(api)
  url = addresses.url
  adminUrl = addresses.adminUrl
  await expect.poll(async () => (await call(url, '/readyz')).status).toBe(200)
})
afterEach(async () => {
  api.process.kill('SIGKILL')
  await redis.stop()
})

/** What became of messages so far, by channel. */
async function taken(): Promise<Record<string, number>> {
  const samples = (await scrape(adminUrl)).filter(({ name }) => name === 'chatlane_messages_total')
  return Object.fromEntries(samples.map(({ labels, value }) => [`${labels.channel} ${labels.outcome}`, value]))
}

const post = (id: string, body: unknown) => call(url, `/v1/conversations/${id}/messages`, { body })

test('metrics are on the inner listener only', async () => {
  expectProblem(await call(url, '/metrics'), 404, 'not_found')
  expect(total(await scrape(adminUrl), 'chatlane_redis_up')).toBe(1)
  expect(total(await scrape(adminUrl), 'process_start_time_seconds')).toBeGreaterThan(0)
})

test('messages are counted by channel and by what became of them', async () => {
  const { id } = await newConversation(url)
  for (const [text, status] of [
    ['hi', 202],
    ['hi', 202],
    ['another text', 409],
  ] as const)
    expect((await post(id, { text, client_message_id: 'k' })).status).toBe(status)
  expect((await post(id, { text: '' })).status).toBe(400)
  const sms = inbound({ From: '+15005554001' })
  for (const _ of ['once', 'again']) expect((await postForm(url, messages, sms)).status).toBe(204)
  const whatsapp = inbound({ From: 'whatsapp:+15005554001', To: 'whatsapp:+15005550006' })
  expect((await postForm(url, messages, whatsapp)).status).toBe(204)
  const service = inbound({ From: '+15005554002', MessagingServiceSid: serviceSid })
  expect((await postForm(url, messages, service, { signature: 'wrong' })).status).toBe(403)
  await expect.poll(taken).toEqual({
    'web accepted': 1,
    'web duplicate': 1,
    'web conflict': 1,
    'sms accepted': 1,
    'sms duplicate': 1,
    'whatsapp accepted': 1,
  })
  expect(total(await scrape(adminUrl), 'chatlane_jobs', { lanes: 'turns', state: 'waiting' })).toBe(3)

  const answers = await Promise.all(Array.from({ length: 110 }, (_, n) => post(id, { text: `text ${n}` })))
  const full = answers.filter(({ status }) => status === 429).length
  expect(full).toBeGreaterThan(0)
  await expect.poll(taken).toMatchObject({ 'web accepted': 1 + answers.length - full, 'web full': full })

  const bySms = Array.from({ length: 110 }, () => postForm(url, messages, inbound({ From: '+15005554001' })))
  const busy = (await Promise.all(bySms)).filter(({ status }) => status === 503).length
  expect(busy).toBeGreaterThan(0)
  await expect.poll(taken).toMatchObject({ 'sms accepted': 1 + bySms.length - busy, 'sms full': busy })
  expect(await taken()).not.toHaveProperty('sms unavailable')
})

test('a message is counted once that Redis could not take', async () => {
  const { id } = await newConversation(url)
  await redis.kill()
  await api.line(({ event }) => event === 'redis_away')
  expect((await post(id, { text: 'hi' })).status).toBe(503)
  expect((await postForm(url, messages, inbound())).status).toBe(503)
  await expect.poll(taken).toEqual({ 'unknown unavailable': 1, 'sms unavailable': 1 })
  const samples = await scrape(adminUrl)
  expect(total(samples, 'chatlane_redis_up')).toBe(0)
  expect(total(samples, 'chatlane_jobs')).toBeUndefined()
})

test('requests are counted by route, and those that last are not timed', async () => {
  const { id, token } = await newConversation(url)
  const events = '/v1/conversations/:id/events'
  const stream = await readEvents(`${url}/v1/conversations/${id}/events?token=${token}`)
  await expect.poll(async () => total(await scrape(adminUrl), 'chatlane_event_streams')).toBe(1)
  stream.close()
  await call(url, `/v1/conversations/${id}`, { headers: asToken(token) })
  await call(url, '/v1/conversations/c0_AAAAAAAAAAAAAAAAAAAAAA')
  await call(url, '/v1/conversations/%E0%A4%A')
  await call(url, `/nothing/${id}/+15005554001`)
  await call(url, '/healthz')
  const requests = async (labels: Record<string, string>) =>
    total(await scrape(adminUrl), 'chatlane_http_requests_total', labels)
  await expect.poll(() => requests({ method: 'GET', route: events, status: '2xx' })).toBe(1)
  expect(await requests({ route: '/v1/conversations', method: 'POST', status: '2xx' })).toBe(1)
  expect(await requests({ route: '/v1/conversations/:id', status: '2xx' })).toBe(1)
  expect(await requests({ route: '/v1/conversations/:id', status: '4xx' })).toBe(1)
  expect(await requests({ route: 'unknown', status: '4xx' })).toBe(2)
  expect(await requests({})).toBe(6)
  const samples = await scrape(adminUrl)
  const timed = (route: string) => total(samples, 'chatlane_http_request_duration_seconds_count', { route })
  expect(timed('/v1/conversations/:id')).toBe(2)
  expect(timed(events)).toBeUndefined()
  expect(total(samples, 'chatlane_event_streams')).toBe(0)
  expect(revealing(samples)).toEqual([])
  expect(JSON.stringify(samples)).not.toContain(id)
})
