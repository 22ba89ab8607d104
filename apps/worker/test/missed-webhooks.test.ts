import { scrape, startRedisServer, total } from '@chatlane/dev'
import { afterEach, expect, it } from 'vitest'
import { type ApiBeside, apiBeside } from './api-beside.ts'
import { NUMBER, type Stage, stage } from './stage.ts'

const ANN = '+14155550101'
const BOB = '+14155550102'
const FOREIGN = '+15005559999'
const SERVICE = `MG${'0a'.repeat(16)}`

let s: Stage
const apis: ApiBeside[] = []
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const api of apis.splice(0)) await api.kill()
  await s.stop()
  for (const end of ends.splice(0)) await end()
})

async function start(): Promise<ApiBeside> {
  const api = await apiBeside(s)
  apis.push(api)
  return api
}

const event = (name: string) => (line: Record<string, unknown>) => line.event === name

/** An api that took webhooks, and is gone. */
async function wasThere(): Promise<void> {
  const api = await start()
  await api.line(event('webhooks_first_start'))
  // Noted by the time at which something else was taken in.
  await expect.poll(() => s.redis.exists(`${s.environment.REDIS_PREFIX}:webhooks:alive`)).toBe(1)
  await api.kill()
}

/** Sends while nobody takes it; gives the message's id. */
async function missed(from: string, body: string, more: { to?: string; fields?: Record<string, string> } = {}) {
  const sent = await s.sandbox.sendSms({ from, to: NUMBER, body, ...more })
  expect(sent.status).not.toBe(204)
  return sent.message_sid
}

/** What was taken in from someone, by conversation. */
async function taken(participant: string): Promise<string[][]> {
  const { conversations } = await s.conversations.list({ participant, limit: 10 })
  return Promise.all(
    conversations.map(async ({ id }) => {
      const { items } = await s.conversations.messages(id, '0', 1_000)
      return items.filter(({ role }) => role === 'user').map(({ text }) => text)
    }),
  )
}

it('takes in at its start what came while no api was there: once, with repeats at the same time', async () => {
  s = await stage({})
  await wasThere()
  const sent: { sid: string; from: string; body: string }[] = []
  for (const body of ['one', 'same', 'same', 'four']) {
    for (const from of [ANN, BOB]) sent.push({ sid: await missed(from, body), from, body })
  }
  await missed(ANN, 'not for us', { to: FOREIGN })
  const api = await start()
  const repeats = sent.map(({ sid, from, body }) => s.sandbox.sendSms({ from, to: NUMBER, body, message_sid: sid }))
  const statuses = (await Promise.all(repeats)).map(({ status }) => status)
  expect(new Set(statuses)).toEqual(new Set([204]))
  const line = await api.line(event('webhooks_looked_back'))
  expect(line).toMatchObject({ found: 9, not_ours: 1, left: 0 })
  expect(Number(line.accepted) + Number(line.seen)).toBe(8)
  for (const from of [ANN, BOB])
    expect((await taken(from)).map((texts) => texts.toSorted())).toEqual([['four', 'one', 'same', 'same']])
  expect(JSON.stringify(api.log)).not.toContain('not for us')
})

it('takes them in order, and they are answered', async () => {
  s = await stage({})
  await wasThere()
  const bodies = Array.from({ length: 12 }, (_, i) => `text ${i % 3}`)
  for (const body of bodies) for (const from of [ANN, BOB]) await missed(from, body)
  const api = await start()
  expect(await api.line(event('webhooks_looked_back'))).toMatchObject({ found: 24, accepted: 24, seen: 0 })
  const { admin_port } = await api.line(({ msg }) => msg === 'api ready')
  const samples = await scrape(`http://127.0.0.1:${admin_port}`)
  expect(total(samples, 'chatlane_messages_total', { channel: 'sms', outcome: 'backfilled' })).toBe(24)
  expect(total(samples, 'chatlane_messages_total')).toBe(24)
  for (const from of [ANN, BOB]) expect(await taken(from)).toEqual([bodies])
  const { conversations } = await s.conversations.list({ participant: ANN, limit: 1 })
  const [conversation] = conversations
  if (!conversation) throw new Error('expected a conversation')
  await s.settled(conversation, (items) => items.length === 24)
})

it('looks for nothing where no api was before, and for nothing twice', async () => {
  s = await stage({})
  await s.sandbox.settings({ api_url: 'http://127.0.0.1:9' })
  await missed(ANN, 'somebody else took this')
  await wasThere()
  expect(await taken(ANN)).toEqual([])
  await missed(ANN, 'missed')
  // Several at once, as in a rolling restart: one looks, or the others find nothing left.
  const started = await Promise.all([start(), start()])
  await expect.poll(() => taken(ANN)).toEqual([['somebody else took this', 'missed']])
  const next = await start()
  expect(await next.line(event('webhooks_looked_back'))).toMatchObject({ accepted: 0 })
  const lines = started.flatMap(({ log }) => log.filter(event('webhooks_looked_back')))
  expect(lines.map(({ accepted }) => Number(accepted)).reduce((a, b) => a + b)).toBe(2)
})

it('finds what an api had to refuse while Redis was away', async () => {
  const redis = await startRedisServer({ appendonly: 'yes', appendfsync: 'always' })
  ends.push(redis.stop)
  s = await stage({ env: { REDIS_URL: redis.url, LOG_LEVEL: 'silent' } })
  const api = await start()
  await api.line(event('webhooks_first_start'))
  await expect.poll(() => s.redis.exists(`${s.environment.REDIS_PREFIX}:webhooks:alive`)).toBe(1)
  await redis.kill()
  await api.line(event('redis_away'))
  await missed(ANN, 'one')
  await missed(ANN, 'two')
  await redis.start()
  expect(await api.line(event('webhooks_looked_back'))).toMatchObject({ accepted: 2 })
  expect(await taken(ANN)).toEqual([['one', 'two']])
})

it('works all the same when Twilio refuses, and says so once', async () => {
  s = await stage({})
  await wasThere()
  await missed(ANN, 'missed')
  await s.sandbox.setFaults({
    rules: [{ target: 'twilio', operation: 'message-list', fault: { kind: 'status', status: 401, code: 20003 } }],
  })
  const api = await start()
  const line = await api.line(event('webhooks_not_looked_back'))
  expect(line).toMatchObject({ level: 'warn', err: { message: expect.stringContaining('20003') } })
  expect(line.msg).toContain('chatlane backfill')
  expect((await s.sandbox.sendSms({ from: ANN, to: NUMBER, body: 'now' })).status).toBe(204)
})

it('keeps the conversation of a Messaging Service’s number, even where the list does not name the service', async () => {
  const routes = `
sms:
  - messaging_service_sid: ${SERVICE}
    inbound_agents: [{ agent_id: chat_agent_a }]
`
  s = await stage({ routes })
  const api = await start()
  await api.line(event('webhooks_first_start'))
  // In the webhook, but not in the sandbox's record of the message.
  const fields = { MessagingServiceSid: SERVICE }
  expect((await s.sandbox.sendSms({ from: ANN, to: NUMBER, body: 'one', fields })).status).toBe(204)
  await api.kill()
  await missed(ANN, 'two', { fields })
  const next = await start()
  expect(await next.line(event('webhooks_looked_back'))).toMatchObject({ accepted: 1, seen: 1, not_ours: 0 })
  expect(await taken(ANN)).toEqual([['one', 'two']])
})

it('leaves what it did not get to before it was stopped to the next one', async () => {
  s = await stage({ workers: 0 })
  await wasThere()
  // Beyond the margin that is looked back in any case.
  await s.redis.set(`${s.environment.REDIS_PREFIX}:webhooks:alive`, Date.now() - 900_000)
  await s.sandbox.settings({ twilio_clock_ms: -600_000 })
  await missed(ANN, 'missed')
  const list = { target: 'twilio', operation: 'message-list' } as const
  await s.sandbox.setFaults({ rules: [{ ...list, fault: { kind: 'hang', when: 'before', ms: 60_000 } }] })
  const api = await start()
  await expect.poll(() => s.redis.exists(`${s.environment.REDIS_PREFIX}:webhooks:lock`)).toBe(1)
  await api.stop()
  await s.sandbox.clearFaults()
  const next = await start()
  expect(await next.line(event('webhooks_looked_back'))).toMatchObject({ accepted: 1 })
})

it('finds what an api had to refuse while Redis took no writes', async () => {
  const redis = await startRedisServer()
  ends.push(redis.stop)
  s = await stage({ workers: 0, env: { REDIS_URL: redis.url } })
  const api = await start()
  await expect.poll(() => s.redis.exists(`${s.environment.REDIS_PREFIX}:webhooks:alive`)).toBe(1)
  await s.redis.config('SET', 'maxmemory', '1')
  await missed(ANN, 'missed')
  await s.redis.config('SET', 'maxmemory', '0')
  expect(await api.line(event('webhooks_looked_back'))).toMatchObject({ accepted: 1 })
  expect(api.log.some(event('redis_away'))).toBe(false)
})

it('is not held up by a full conversation, and comes back to it', async () => {
  s = await stage({ workers: 0 })
  await wasThere()
  const { REDIS_PREFIX: prefix } = s.environment
  for (let i = 0; i <= 100; i++) await missed(ANN, `text ${i}`)
  await missed(BOB, 'behind')
  const since = Date.now()
  const api = await start()
  expect(await api.line(event('webhooks_looked_back'))).toMatchObject({ accepted: 101, left: 1 })
  // What comes later is looked for from here on.
  await expect.poll(async () => Number(await s.redis.get(`${prefix}:webhooks:alive`))).toBeGreaterThan(since)
  await s.workerProcess()
  const { conversations } = await s.conversations.list({ participant: ANN, limit: 1 })
  const [conversation] = conversations
  if (!conversation) throw new Error('expected a conversation')
  await expect.poll(() => s.conversations.waiting(conversation)).toBe(0)
  await s.redis.hset(`${prefix}:webhooks:left`, 'again', 0)
  expect(await api.line(event('webhooks_looked_for_left'))).toMatchObject({ accepted: 1, left: 0 })
  await expect.poll(() => s.redis.exists(`${prefix}:webhooks:left`)).toBe(0)
})

it('brings what was refused with an old auth token, once that is put right', async () => {
  s = await stage({ workers: 0 })
  await wasThere()
  const { REDIS_PREFIX: prefix } = s.environment
  const old = await apiBeside(s, { TWILIO_AUTH_TOKEN: 'f'.repeat(32) })
  apis.push(old)
  // Both beyond the margin that is looked back in any case.
  await s.sandbox.settings({ twilio_clock_ms: -600_000 })
  await missed(ANN, 'one')
  await missed(BOB, 'two')
  const line = await old.line(event('webhooks_refused'))
  expect(line).toMatchObject({ level: 'error', msg: expect.stringContaining('TWILIO_AUTH_TOKEN') })
  expect(old.log.filter(event('webhooks_refused'))).toHaveLength(1)
  const { admin_port } = await old.line(({ msg }) => msg === 'api ready')
  const inner = `http://127.0.0.1:${admin_port}`
  const answer = await fetch(`${inner}/readyz`)
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('TWILIO_AUTH_TOKEN')])
  expect(total(await scrape(inner), 'chatlane_twilio_signatures_refused_total')).toBe(2)
  await expect.poll(() => s.redis.exists(`${prefix}:webhooks:refused`)).toBe(1)
  await s.redis.set(`${prefix}:webhooks:refused`, Date.now() - 900_000)
  await s.redis.set(`${prefix}:webhooks:alive`, Date.now())
  await old.kill()
  const next = await start()
  expect(await next.line(event('webhooks_looked_back'))).toMatchObject({ accepted: 2 })
  for (const [from, body] of [
    [ANN, 'one'],
    [BOB, 'two'],
  ] as const)
    expect(await taken(from)).toEqual([[body]])
  await expect.poll(() => s.redis.exists(`${prefix}:webhooks:refused`)).toBe(0)
})

it('takes nothing in twice that came when its number belonged to another Messaging Service, or to none', async () => {
  s = await stage({ workers: 0 })
  const api = await start()
  await api.line(event('webhooks_first_start'))
  for (const service of [undefined, SERVICE, undefined, SERVICE.replaceAll('a', 'b')]) {
    const fields = service === undefined ? {} : { MessagingServiceSid: service }
    expect((await s.sandbox.sendSms({ from: ANN, to: NUMBER, body: 'text', fields })).status).toBe(204)
  }
  await api.kill()
  const next = await start()
  expect(await next.line(event('webhooks_looked_back'))).toMatchObject({ found: 4, seen: 4, accepted: 0 })
})
