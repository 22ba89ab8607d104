import { createHash } from 'node:crypto'
import { connectTestRedis, keysLike } from '@chatlane/dev'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { call, expectProblem } from './calls.ts'
import { type StartedApi, serviceSid, startApi, writeRoutes } from './started-api.ts'
import { inbound, messages, postForm } from './twilio-requests.ts'

const WHATSAPP = 'whatsapp:+15005550006'
const NUMBER = '+15005550006'

const routes = `
sms:
  - sender: "${NUMBER}"
    inbound_agents: [{ agent_id: chat_agent_in, weight: 50 }, { agent_id: chat_agent_too, weight: 50 }]
    outbound_agents: [{ agent_id: chat_agent_out }]
  - messaging_service_sid: ${serviceSid}
    inbound_agents: [{ agent_id: chat_agent_service }]
  - sender: "${WHATSAPP}"
    inbound_agents: [{ agent_id: chat_agent_in, weight: 50 }, { agent_id: chat_agent_too, weight: 50 }]
`

let api: StartedApi
beforeAll(async () => {
  api = await startApi({ env: { CHATLANE_CONFIG: writeRoutes(routes) } })
})
afterAll(() => api.stop())

let people = 0
const digits = () => String(++people).padStart(4, '0')

/** The same telephone in two spellings: as people give it to a business, and as WhatsApp names it. */
const COUNTRIES = [
  ['Mexico', () => pair('+52551234', '+521551234')],
  ['Brazil', () => pair('+553199688', '+55319688')],
  ['Argentina', () => pair('+54115874', '+549115874')],
  ['Ivory Coast', () => pair('+2250707123', '+22507123', 3)],
  ['Benin', () => pair('+2290197123', '+22997123', 3)],
] as const

function pair(given: string, named: string, length = 4): [given: string, named: string] {
  const end = digits().slice(-length)
  return [given + end, named + end]
}

const accepted = z.object({ conversation_id: z.string() })

async function write(to: string, text = 'Your order is ready.') {
  const answer = await call(api.url, '/v1/sms', { body: { to, text } })
  expect(answer.status).toBe(202)
  return accepted.parse(answer.body).conversation_id
}

async function say(From: string, Body: string, fields: Record<string, string> = { To: WHATSAPP }) {
  expect((await postForm(api.url, messages, inbound({ From, Body, ...fields }))).status).toBe(204)
}

const found = z.object({
  items: z.array(z.object({ conversation_id: z.string(), participant: z.string(), agent_id: z.string() })),
})

/** The conversations of a participant, as the list shows them. */
async function conversationsOf(participant: string) {
  const answer = await call(api.url, `/v1/conversations?participant=${encodeURIComponent(participant)}`)
  expect(answer.status).toBe(200)
  return found.parse(answer.body).items
}

async function textsOf(id: string) {
  const { items } = await api.conversations.messages(id, '0', 100)
  return items.map(({ text, status }) => [text, status])
}

/** What waits to be sent. */
async function deliveries(id: string) {
  const items = await api.redis.lrange(`{${api.prefix}:0}:deliveries:mail:${id}`, 0, -1)
  return items.map((item) => JSON.parse(item.slice(item.indexOf('\n') + 1)))
}

describe.each(COUNTRIES)('a person of %s with two spellings', (_, newPair) => {
  test('has one conversation and one opt-out, whichever of them is used', async () => {
    const [given, named] = newPair().map((number) => `whatsapp:${number}`)
    if (given === undefined || named === undefined) throw new Error('expected two spellings')
    const id = await write(given)
    await say(named, 'When can I come?')
    expect((await conversationsOf(given)).map((one) => one.conversation_id)).toEqual([id])
    expect(await conversationsOf(named)).toMatchObject([{ conversation_id: id, participant: named }])
    expect(await write(given, 'At nine.')).toBe(id)
    expect((await deliveries(id)).at(-1)).toMatchObject({ to: named, text: 'At nine.' })
    await say(named, 'STOP')
    for (const to of [given, named])
      expectProblem(await call(api.url, '/v1/sms', { body: { to, text: 'Hello?' } }), 409, 'opted_out')
    await say(given, 'Hello')
    expect(await textsOf(id)).toContainEqual(['Hello', 'dropped'])
    await say(given, 'START')
    expect(await write(named, 'Welcome back.')).toBe(id)
  })

  test('can be given in either by SMS and to a link', async () => {
    const [given, named] = newPair()
    const id = await write(named)
    expect((await deliveries(id))[0]).toMatchObject({ to: named })
    expect(await write(given)).toBe(id)
    const web = await api.conversations.openWeb({ agentId: 'chat_agent_in' })
    const linked = await call(api.url, `/v1/conversations/${web.id}/link`, { body: { sms: given, from: NUMBER } })
    expect(linked.status).toBe(200)
    await say(named, 'It is me', { To: NUMBER })
    expect(await textsOf(web.id)).toEqual([['It is me', 'queued']])
    for (const one of [given, named])
      expect((await conversationsOf(one)).map(({ conversation_id }) => conversation_id)).toContain(web.id)
  })

  test('is flagged once', async () => {
    const [given, named] = newPair()
    const { flaggedNumbers } = api.conversations
    await flaggedNumbers.flag(given, 'twilio_30005', 'SM1')
    expectProblem(await call(api.url, '/v1/sms', { body: { to: named, text: 'Hello' } }), 422, 'unreachable')
    await flaggedNumbers.lift(named)
    await write(given)
  })

  test('meets the same agent on every channel', async () => {
    for (let i = 0; i < 6; i++) {
      const [given, named] = newPair()
      await say(given, 'Hello', { To: NUMBER })
      await say(`whatsapp:${named}`, 'Hello')
      const [sms] = await conversationsOf(named)
      const [whatsapp] = await conversationsOf(`whatsapp:${given}`)
      expect(sms?.conversation_id).not.toBe(whatsapp?.conversation_id)
      expect(sms?.agent_id).toBe(whatsapp?.agent_id)
    }
  })
})

describe('a person who writes to one Messaging Service by RCS and by SMS', () => {
  const rcs = { To: 'rcs:brand_a', MessagingServiceSid: serviceSid }
  const sms = { To: '+15005550020', MessagingServiceSid: serviceSid }

  test('has one conversation', async () => {
    const number = `+1415555${digits()}`
    await say(`rcs:${number}`, 'I want to book for Friday', rcs)
    await say(number, 'for four', sms)
    const [conversation, ...others] = await conversationsOf(number)
    expect(others).toEqual([])
    expect(await conversationsOf(`rcs:${number}`)).toEqual([conversation])
    expect(await textsOf(conversation?.conversation_id ?? '')).toEqual([
      ['I want to book for Friday', 'queued'],
      ['for four', 'queued'],
    ])
  })

  test('is written to where they wrote last', async () => {
    const number = `+1415555${digits()}`
    await say(number, 'Hello', sms)
    await say(`rcs:${number}`, 'Hello again', rcs)
    const [conversation] = await conversationsOf(number)
    const id = conversation?.conversation_id ?? ''
    expect(conversation).toMatchObject({ participant: `rcs:${number}` })
    const reply = await call(api.url, '/v1/sms', { body: { to: number, from: serviceSid, text: 'Your table' } })
    expect(reply.body).toMatchObject({ conversation_id: id })
    expect(await deliveries(id)).toMatchObject([{ channel: 'rcs', to: `rcs:${number}`, from: 'rcs:brand_a' }])
  })
})

describe('what earlier versions stored, by the spelling that was written', () => {
  const addressKey = (...name: string[]) => {
    const digest = createHash('sha256').update(name.join('\n')).digest('base64url').slice(0, 22)
    return `${api.prefix}:address:${digest}`
  }

  /** A conversation that is found by an older name only; nothing of it is in the memory of another api. */
  async function older(address: string, fields: Record<string, string>, ...name: string[]) {
    await say(address, 'before', fields)
    const [conversation] = await conversationsOf(address)
    const id = conversation?.conversation_id ?? ''
    const client = connectTestRedis()
    for (const key of await keysLike(client, `${api.prefix}:address:*`)) {
      if ((await client.get(key)) !== id) continue
      await client.del(key)
      await client.set(addressKey(...name), id, 'EX', 3_600)
    }
    client.disconnect()
    const other = await startApi({ prefix: api.prefix, env: { CHATLANE_CONFIG: writeRoutes(routes) } })
    return { id, other }
  }

  test('a conversation goes on, and is found by every spelling', async () => {
    const [given, named] = pair('+52551234', '+521551234').map((number) => `whatsapp:${number}`)
    if (given === undefined || named === undefined) throw new Error('expected two spellings')
    const { id, other } = await older(named, { To: WHATSAPP }, 'whatsapp', WHATSAPP, named)
    expect((await conversationsOf(given)).map((one) => one.conversation_id)).toEqual([id])
    const answer = await call(other.url, '/v1/sms', { body: { to: given, text: 'Still there?' } })
    expect(answer.body).toMatchObject({ conversation_id: id })
    await postForm(other.url, messages, inbound({ From: given, To: WHATSAPP, Body: 'after' }))
    expect((await textsOf(id)).map(([text]) => text)).toEqual(['before', 'Still there?', 'after'])
    await other.stop()
  })

  test('an RCS conversation goes on by SMS', async () => {
    const number = `+1415555${digits()}`
    const rcs = { To: 'rcs:brand_a', MessagingServiceSid: serviceSid }
    const { id, other } = await older(`rcs:${number}`, rcs, 'rcs', serviceSid, `rcs:${number}`)
    const sms = { From: number, To: '+15005550020', MessagingServiceSid: serviceSid, Body: 'after' }
    await postForm(other.url, messages, inbound(sms))
    expect((await textsOf(id)).map(([text]) => text)).toEqual(['before', 'after'])
    await other.stop()
  })

  test('an opt-out holds for every spelling, and is lifted by any', async () => {
    const [given, named] = pair('+52551234', '+521551234').map((number) => `whatsapp:${number}`)
    const held = `{${api.prefix}:optouts}`
    await api.redis.hset(held, `${WHATSAPP}\n${named}`, `${Date.now() * 1_000} person`)
    expectProblem(await call(api.url, '/v1/sms', { body: { to: given, text: 'Hello' } }), 409, 'opted_out')
    await say(given ?? '', 'START')
    expect(await api.redis.hget(held, `${WHATSAPP}\n${named}`)).toBeNull()
    await write(given ?? '')
  })
})

test('a conversation of another participant is not looked at to find one', async () => {
  const number = `+1415555${digits()}`
  await say(number, 'Hello', { To: NUMBER })
  const [conversation] = await conversationsOf(number)
  const reads = vi.spyOn(api.redis, 'hgetall')
  const { conversations } = await api.conversations.list({ participant: number, limit: 10 })
  const keys = reads.mock.calls.map(([key]) => key)
  reads.mockRestore()
  expect(conversations.map(({ id }) => id)).toEqual([conversation?.conversation_id])
  expect(keys).toEqual([`${api.prefix}:services`, `{${api.prefix}:0}:conversation:${conversations[0]?.id}`])
})
