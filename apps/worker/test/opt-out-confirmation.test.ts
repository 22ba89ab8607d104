import { setTimeout as passed } from 'node:timers/promises'
import { acceptSms, inboundSmsForm, watchRoutes } from '@chatlane/core'
import { sandboxCredentials } from '@chatlane/sandbox'
import { afterAll, beforeAll, beforeEach, expect, it, test } from 'vitest'
import { forbidden } from '../../../packages/core/src/deliveries/permission.ts'
import { type Stage, stage } from './stage.ts'

const SMS = '+15005550006'
const SERVICE = 'MG0123456789abcdef0123456789abcdef'
const SHORT = '12345'
const WHATSAPP = 'whatsapp:+15005550006'
const SILENT = 'whatsapp:+15005550010'
const CONFIRMATION = 'Bye.'

const agents = 'inbound_agents: [{ agent_id: chat_agent_a }]'
const confirming = `${agents}, opt_out: { text: "${CONFIRMATION}" }`
const routes = `sms:
  - { sender: "${SMS}", ${confirming} }
  - { messaging_service_sid: ${SERVICE}, ${confirming} }
  - { sender: "${SHORT}", ${confirming} }
  - { sender: "${WHATSAPP}", ${confirming} }
  - { sender: "${SILENT}", ${agents}, opt_out: { confirm: false } }
`

let s: Stage
beforeAll(async () => {
  s = await stage({ routes })
})
afterAll(() => s.stop())
beforeEach(() => s.sandbox.clearFaults())

let count = 0
const newPerson = (mark = '') => `${mark}+1415557${String(++count).padStart(4, '0')}`
const newSid = () => `SM${String(++count).padStart(32, '0')}`

interface Said {
  from: string
  to?: string
  body: string
  sid?: string
  fields?: Record<string, string>
  receivedAt?: number
}

/** Brings a message through the door that the webhook has. */
function hear({ from, to = SMS, body, sid = newSid(), fields, receivedAt }: Said) {
  const form = { MessageSid: sid, AccountSid: sandboxCredentials.twilioAccountSid, From: from, To: to, Body: body }
  const door = { conversations: s.conversations, routes: watchRoutes(s.environment.CHATLANE_CONFIG) }
  return acceptSms(door, inboundSmsForm.parse({ ...form, ...fields }), receivedAt)
}

/** What was handed to Twilio for someone. */
async function handed(to: string): Promise<(string | null)[]> {
  const entries = await s.sandbox.history({ kind: 'twilio' })
  return entries.flatMap((entry) =>
    entry.kind === 'twilio' && entry.operation === 'message-create' && entry.to === to ? [entry.body] : [],
  )
}

/** The messages of the only conversation with someone, when nothing is under way any more. */
async function settled(participant: string, count: number) {
  const { conversations } = await s.conversations.list({ participant, limit: 1 })
  const [conversation] = conversations
  if (!conversation) throw new Error(`no conversation with ${participant}`)
  const items = await s.settled(
    conversation,
    (all) => all.length === count && all.every((one) => one.status !== 'queued'),
  )
  return items.map(({ role, text, status, reason }) => [role, text, status, ...(reason === undefined ? [] : [reason])])
}

it.each([
  ['words on which Twilio does nothing', SMS, '', 'please stop texting me'],
  ['the same to a Messaging Service', '+15005550009', '', 'Arrête', { MessagingServiceSid: SERVICE }],
  ['STOP to a short code without a service', SHORT, '', 'STOP'],
  ['STOP on WhatsApp', WHATSAPP, 'whatsapp:', 'STOP'],
])('%s: confirmed once, and nothing after it', async (_, to, mark, body, fields: Record<string, string> = {}) => {
  const from = newPerson(mark)
  const stop = { from, to, body, sid: newSid(), fields }
  await hear(stop)
  await settled(from, 2)
  // A repeat of the webhook, a second request, and whatever else they write.
  for (const said of [stop, { from, to, body, fields }, { from, to, body: 'Are you there?', fields }]) await hear(said)
  await s.settled(await conversationWith(from), (all) => all.length === 4)
  expect(await handed(from)).toEqual([CONFIRMATION])
})

async function conversationWith(participant: string) {
  const [conversation] = (await s.conversations.list({ participant, limit: 1 })).conversations
  if (!conversation) throw new Error(`no conversation with ${participant}`)
  return conversation
}

it.each([
  ['STOP, which Twilio confirms', SMS, '', ' Stop '],
  ['a word that Twilio was told of', SMS, '', 'Genug jetzt', { OptOutType: 'STOP' }],
  ['a route that does not want it', SILENT, 'whatsapp:', 'STOP'],
])('%s: not confirmed by us', async (_, to, mark, body, fields: Record<string, string> = {}) => {
  const from = newPerson(mark)
  await hear({ from, to, body, fields })
  expect(await settled(from, 1)).toEqual([['user', body, 'dropped', 'stop']])
  expect(await handed(from)).toEqual([])
})

it('confirms two requests that come at once only once', async () => {
  const people = Array.from({ length: 20 }, () => newPerson())
  await Promise.all(people.flatMap((from) => ['please stop', 'stop texting me'].map((body) => hear({ from, body }))))
  for (const from of people) {
    const conversation = await conversationWith(from)
    await s.settled(conversation, (all) => all.every(({ status }) => status !== 'queued'))
    expect(await handed(from)).toEqual([CONFIRMATION])
  }
})

it('confirms ahead of nothing that waited, and not after a START', async () => {
  const from = newPerson()
  const slowly = { kind: 'latency', distribution: 'fixed', ms: 1_500 } as const
  await s.sandbox.setFaults({ rules: [{ target: 'twilio', operation: 'message-create', fault: slowly }] })
  await s.sandbox.setScript({ rules: [{ text: 'tell', answer: ['one', 'two'] }] })
  await hear({ from, body: 'tell' })
  while ((await handed(from)).length === 0) await passed(20)
  await hear({ from, body: 'please stop texting me' })
  await hear({ from, body: 'START' })
  expect(await settled(from, 6)).toEqual([
    ['user', 'tell', 'answered'],
    ['agent', 'one', 'sent'],
    ['agent', 'two', 'failed', 'opted_out'],
    ['user', 'please stop texting me', 'dropped', 'stop'],
    ['system', CONFIRMATION, 'failed', 'too_late'],
    ['user', 'START', 'dropped', 'start'],
  ])
  expect(await handed(from)).toEqual(['one'])
  // The next opt-out is confirmed like the first.
  await s.sandbox.clearFaults()
  await hear({ from, body: 'please stop texting me' })
  await settled(from, 8)
  expect(await handed(from)).toEqual(['one', CONFIRMATION])
})

it('does not confirm what was found only later, and opts out all the same', async () => {
  const from = newPerson()
  await hear({ from, body: 'please stop', receivedAt: Date.now() - 6 * 60_000 })
  expect(await settled(from, 1)).toEqual([['user', 'please stop', 'dropped', 'stop']])
  expect(await s.conversations.optOuts.has({ sender: SMS, participant: from })).toBe(true)
})

test('a confirmation that could not be sent for five minutes is not sent', async () => {
  const { optOuts } = s.conversations
  const item = { to: newPerson(), from: SMS, text: CONFIRMATION, confirms: true } as const
  const at = (agoMs: number) => `${Date.now() - agoMs}-0`
  expect(await forbidden({ optOuts, item, message: at(4 * 60_000) })).toBeUndefined()
  expect(await forbidden({ optOuts, item, message: at(5 * 60_000 + 1_000) })).toBe('too_late')
})
