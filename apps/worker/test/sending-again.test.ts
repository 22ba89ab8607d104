import type { Conversation, LedgerItem } from '@chatlane/core'
import { keysLike } from '@chatlane/dev'
import { afterEach, describe, expect, it } from 'vitest'
import { apiBeside } from './api-beside.ts'
import { createsOf } from './creates.ts'
import { NUMBER, type Stage, stage } from './stage.ts'

const PERSON = '+14155550123'
const WHATSAPP = `whatsapp:${NUMBER}`
const TEMPLATE = `HX${'0a'.repeat(16)}`

const routes = (template: string) => `
sms:
  - sender: "${NUMBER}"
    inbound_agents: [{ agent_id: chat_agent_a }]
  - sender: "${WHATSAPP}"
    inbound_agents: [{ agent_id: chat_agent_a }]
    ${template}
`
const withText = `template: { content_sid: ${TEMPLATE}, variables: { "1": "{{text}}", "2": "Chatlane" } }`
const withoutText = `template: { content_sid: ${TEMPLATE}, variables: { "1": "Chatlane" } }`

/** The machine may be busy. */
const eventually = <T>(look: () => T) => expect.poll(look)

let s: Stage
const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  await s.stop()
})

const creates = () => createsOf(s)

const ours = (items: LedgerItem[]) => items.filter(({ role }) => role === 'agent')

/** What was said of the first message of ours, as the live events tell it. */
const states = async (conversation: Conversation) => {
  const entries = await s.redis.xrange(`{${s.environment.REDIS_PREFIX}:0}:ledger:${conversation.id}`, '-', '+')
  return entries.flatMap(([, [, kind, , , , status]]) => (kind === 's' ? [status] : []))
}

/** A message on WhatsApp as the webhook would bring it. */
async function write(text: string): Promise<Conversation> {
  const from = `whatsapp:${PERSON}`
  const { message_sid } = await s.sandbox.sendSms({ from, to: WHATSAPP, body: text })
  const origin = { channel: 'whatsapp', participant: from, sender: WHATSAPP, agentId: 'chat_agent_a' } as const
  const { conversationId } = await s.conversations.acceptFrom(origin, { text, key: message_sid })
  const conversation = await s.conversations.find(conversationId)
  if (!conversation) throw new Error('expected the conversation')
  return conversation
}

/** Moves the time at which the person last wrote. */
async function wroteAgo(conversation: Conversation, ms: number): Promise<void> {
  const record = `{${s.environment.REDIS_PREFIX}:0}:conversation:${conversation.id}`
  await s.redis.hset(record, 'wrote', Date.now() - ms)
}

/** A message of ours that did not come from an agent. */
async function outgoing(conversation: Conversation, text: string): Promise<string> {
  const key = `{${s.environment.REDIS_PREFIX}:0}:ledger:${conversation.id}`
  const fields = ['k', 'm', 'r', 'agent', 'x', text, 'c', 'whatsapp', 's', 'queued']
  const id = await s.redis.xadd(key, '*', ...fields)
  const item = { to: conversation.participant, from: conversation.sender, text }
  await s.deliveries.add(conversation.id, { id: id ?? '', data: JSON.stringify(item) })
  return id ?? ''
}

describe('what Twilio took and did not deliver', () => {
  it('is sent again behind what waits, and is delivered', async () => {
    s = await stage({ settings: { delivery_failures: [{ status: 'undelivered', code: 63019, times: 1 }] } })
    ends.push((await apiBeside(s)).kill)
    const conversation = await s.text(PERSON, 'hi')
    await eventually(() => states(conversation)).toContain('queued')
    const [lane] = await keysLike(s.redis, `*${s.environment.REDIS_PREFIX}*deliveries:mail:*`)
    // Its pause is over.
    const [stored = ''] = await s.redis.lrange(lane ?? '', 0, 0)
    const [id, data = ''] = stored.split('\n')
    await s.redis.lset(lane ?? '', 0, `${id}\n${JSON.stringify({ ...JSON.parse(data), due: 0 })}`)
    await eventually(async () => {
      for (const job of await s.deliveries.queue(0).getDelayed()) await job.promote().catch(() => {})
      return (await creates()).length
    }).toBe(2)
    const items = await s.settled(conversation, (all) => ours(all).some(({ status }) => status === 'delivered'))
    expect(ours(items)).toMatchObject([{ text: 'echo: hi', status: 'delivered' }])
    expect(ours(items)[0]).not.toHaveProperty('reason')
    expect((await creates()).map(({ body }) => body)).toEqual(['echo: hi', 'echo: hi'])
  })

  it('is not sent a third time when its worker died after the second', async () => {
    s = await stage({})
    const conversation = await s.text(PERSON, 'hi')
    const items = await s.settled(conversation, (all) => ours(all).some(({ status }) => status === 'sent'))
    const message = ours(items)[0]?.id ?? ''
    const [first] = await creates()
    const item = { to: PERSON, from: NUMBER, text: 'echo: hi', part: 0, again: 1, due: 0 }
    const failed = { once: `${first?.sid}:failed`, status: 'failed', reason: 'twilio_30008' } as const
    // Its second call took effect: its callback came, its end nobody heard of.
    const taken = { part: 0, sid: 'SMsecond' }
    await s.conversations.noteDelivery(conversation.id, message, { once: 'SMsecond:queued', taken })
    await s.conversations.noteDelivery(conversation.id, message, {
      ...failed,
      taken: { part: 0, sid: first?.sid ?? '' },
    })
    await s.deliveries.add(conversation.id, { id: `${message}~${first?.sid}`, data: JSON.stringify(item) })
    await s.settled(conversation)
    expect(await creates()).toHaveLength(1)
  })
})

it('a part that the text no longer has is not sent as an empty message', async () => {
  s = await stage({})
  const conversation = await s.text(PERSON, 'hi')
  const items = await s.settled(conversation, (all) => ours(all).some(({ status }) => status === 'sent'))
  const message = ours(items)[0]?.id ?? ''
  const taken = { part: 1, sid: 'SMpart' }
  const again = async () => ({ to: PERSON, from: NUMBER, text: 'echo: hi', part: 1, again: 1, due: 0 })
  const failed = { once: 'undelivered', status: 'undelivered', reason: 'twilio_30008', taken, again, parts: 1 } as const
  expect(await s.conversations.noteDelivery(conversation.id, message, failed)).toBe('sent_again')
  const [shown] = ours(await s.settled(conversation))
  expect(shown).toMatchObject({ status: 'failed', reason: 'changed' })
  expect(await creates()).toHaveLength(1)
})

describe('what was told undelivered and delivered', () => {
  it('is not sent again when it is heard to have arrived while it waits', async () => {
    s = await stage({})
    const conversation = await s.text(PERSON, 'hi')
    const items = await s.settled(conversation, (all) => ours(all).some(({ status }) => status === 'sent'))
    const message = ours(items)[0]?.id ?? ''
    const taken = { part: 0, sid: (await creates())[0]?.sid ?? '' }
    const text = { to: PERSON, from: NUMBER, text: 'echo: hi' }
    const again = async () => ({ ...text, part: 0, again: 1, due: Date.now() + 1_000 })
    const failed = { once: 'undelivered', status: 'undelivered', reason: 'twilio_30008', taken, again } as const
    expect(await s.conversations.noteDelivery(conversation.id, message, failed)).toBe('sent_again')
    const arrived = { once: 'delivered', status: 'delivered', taken } as const
    await s.conversations.noteDelivery(conversation.id, message, arrived)
    expect(ours(await s.settled(conversation))).toMatchObject([{ status: 'delivered' }])
    expect(await creates()).toHaveLength(1)
  })
})

describe('WhatsApp', () => {
  it('takes the text itself within the 24 hours', async () => {
    s = await stage({ routes: routes(withText) })
    const conversation = await write('hi')
    await s.settled(conversation, (all) => ours(all).some(({ status }) => status === 'sent'))
    expect(await creates()).toMatchObject([{ body: 'echo: hi', to: `whatsapp:${PERSON}`, from: WHATSAPP }])
  })

  it('takes the template after that, with the text in one line', async () => {
    s = await stage({ routes: routes(withText) })
    const conversation = await write('hi')
    await s.settled(conversation, (all) => ours(all).some(({ status }) => status === 'sent'))
    await wroteAgo(conversation, 24 * 3_600_000)
    await outgoing(conversation, 'Two\nlines,   $& and "quotes"')
    const items = await s.settled(conversation)
    expect(ours(items).map(({ status }) => status)).toEqual(['sent', 'sent'])
    const [, second] = await creates()
    expect(second).toMatchObject({ content_sid: TEMPLATE, body: null })
    expect(JSON.parse(second?.content_variables ?? '')).toEqual({ 1: 'Two lines, $& and "quotes"', 2: 'Chatlane' })
  })

  it('takes one template for a text in parts that is not in it', async () => {
    s = await stage({ routes: routes(withoutText) })
    const conversation = await write('hi')
    await s.settled(conversation)
    await wroteAgo(conversation, 25 * 3_600_000)
    await outgoing(conversation, Array(600).fill('word').join(' '))
    const items = await s.settled(conversation)
    expect(ours(items)[1]).toMatchObject({ status: 'sent' })
    expect(await creates()).toHaveLength(2)
  })

  it('gets nothing after that without a template, and the message says so', async () => {
    s = await stage({ routes: routes('') })
    const conversation = await write('hi')
    await s.settled(conversation)
    await wroteAgo(conversation, 24 * 3_600_000)
    await outgoing(conversation, 'too late')
    const items = await s.settled(conversation)
    const words = { reason: 'outside_window', reason_text: expect.stringContaining('24 hours') }
    expect(ours(items)[1]).toMatchObject({ status: 'failed', ...words })
    expect(await creates()).toHaveLength(1)
  })

  it('gets the template when it says by the callback that the time is over', async () => {
    s = await stage({ routes: routes(withText) })
    ends.push((await apiBeside(s)).kill)
    const conversation = await write('hi')
    await s.settled(conversation, (all) => ours(all).some(({ status }) => status === 'delivered'))
    await s.sandbox.settings({ whatsapp_window_ms: 0 })
    await outgoing(conversation, 'not so free')
    await s.settled(conversation, (all) => ours(all).every(({ status }) => status === 'delivered'))
    const [, free, template, ...more] = await creates()
    expect(free).toMatchObject({ body: 'not so free' })
    expect(template).toMatchObject({ content_sid: TEMPLATE })
    expect(more).toEqual([])
  })
})
