import { expect, test } from 'vitest'
import type { ConversationDeadLetter } from '../src/conversations/dead-letter.ts'
import { entryOf, type LedgerEntry, ledgerEffect, statusEffects } from '../src/conversations/ledger.ts'
import { eventOf } from '../src/webhooks/event.ts'
import { againNow, webhookOf } from '../src/webhooks/item.ts'

const LANE = 'c0_AAAAAAAAAAAAAAAAAAAAAA'
const subject = {
  channel: 'whatsapp',
  participant: 'whatsapp:+14155550123',
  sender: 'whatsapp:+15005550006',
  agentId: 'chat_agent_a',
  metadata: { ticket: 7 },
} as const
const who = { channel: 'whatsapp', participant: 'whatsapp:+14155550123', sender: 'whatsapp:+15005550006' }
const letter: ConversationDeadLetter = {
  id: 'letter',
  conversationId: LANE,
  kind: 'message',
  text: 'hello',
  reason: 'no_answer',
  detail: 'no answer came',
  tries: 3,
  history: [],
  mayRepeat: true,
  at: new Date(),
}
const of = (role: 'user' | 'agent' | 'system', more: object = {}): LedgerEntry => ({
  kind: 'message',
  role,
  text: 'hello',
  channel: 'whatsapp',
  status: 'queued',
  ...more,
})

test.each<[string, LedgerEntry, ConversationDeadLetter | undefined, string, object]>([
  ['a message', of('user'), undefined, 'message.received', { ...who, text: 'hello', status: 'queued' }],
  [
    'a message that a rule drops',
    of('user', { status: 'dropped', reason: 'help' }),
    undefined,
    'message.received',
    { ...who, text: 'hello', status: 'dropped', reason: 'help' },
  ],
  [
    'a STOP',
    of('user', { status: 'dropped', reason: 'stop' }),
    undefined,
    'participant.opted_out',
    { ...who, by: 'person', text: 'hello' },
  ],
  [
    'an answer',
    of('agent', { answers: '1-0' }),
    undefined,
    'message.answered',
    { ...who, message_id: '1-0', text: 'hello' },
  ],
  [
    'an answer without a word',
    { kind: 'status', message: '1-0', status: 'answered' },
    undefined,
    'message.answered',
    { ...who, message_id: '1-0', answer_id: null, text: null },
  ],
  [
    'what was answered together with another message',
    { kind: 'status', message: '1-0', status: 'answered', with: '2-0' },
    undefined,
    'message.answered',
    { ...who, message_id: '1-0', answer_id: null, text: null, answered_with: '2-0' },
  ],
  [
    'a delivery that failed',
    { kind: 'status', message: '1-0', status: 'undelivered', reason: 'unreachable' },
    undefined,
    'delivery.failed',
    { ...who, message_id: '1-0', status: 'undelivered', reason: 'unreachable' },
  ],
  [
    'a delivery that was given up',
    { kind: 'status', message: '1-0', status: 'unknown', reason: 'attempts_exhausted' },
    { ...letter, kind: 'delivery' },
    'delivery.failed',
    {
      ...who,
      message_id: '1-0',
      status: 'unknown',
      reason: 'attempts_exhausted',
      dead_letter_id: 'letter',
      detail: 'no answer came',
      tries: 3,
      may_repeat: true,
    },
  ],
  [
    'a message that was given up',
    { kind: 'status', message: '1-0', status: 'failed', reason: 'no_answer' },
    letter,
    'message.dead_lettered',
    {
      ...who,
      message_id: '1-0',
      text: 'hello',
      reason: 'no_answer',
      dead_letter_id: 'letter',
      detail: 'no answer came',
      tries: 3,
      may_repeat: true,
    },
  ],
  [
    'an opening',
    { kind: 'conversation', status: 'open', chatId: 'chat_1' },
    undefined,
    'conversation.opened',
    { ...who, chat_id: 'chat_1', agent_id: 'chat_agent_a', metadata: { ticket: 7 } },
  ],
  [
    'a closing',
    { kind: 'conversation', status: 'closed', reason: 'ended_upstream', chatId: 'chat_1' },
    undefined,
    'conversation.closed',
    { ...who, chat_id: 'chat_1', reason: 'ended_upstream' },
  ],
])('%s is told', (_, entry, given, type, data) => {
  const event = eventOf(entry, subject, given)
  expect(event?.type).toBe(type)
  expect(event?.data).toEqual(data)
})

test.each<[string, LedgerEntry]>([
  ['a greeting', of('agent')],
  ['a text of ours', of('system')],
  ['that a message is on its way', { kind: 'status', message: '1-0', status: 'sent' }],
  ['that it arrived', { kind: 'status', message: '1-0', status: 'delivered' }],
  ['that it waits again', { kind: 'status', message: '1-0', status: 'queued' }],
  ['that an operator has the conversation', { kind: 'conversation', status: 'handed_off' }],
  ['that the agent has it again', { kind: 'conversation', status: 'resumed' }],
  ['an analysis', { kind: 'analysis', analysis: { chatId: 'chat_1', summary: 'x' } }],
])('%s is not', (_, entry) => expect(eventOf(entry, subject)).toBeUndefined())

test('of a participant with several addresses the one is told where they are now', () => {
  const reply = { channel: 'sms', to: '+14155550123', from: '+15005550006' } as const
  const closed: LedgerEntry = { kind: 'conversation', status: 'closed', reason: 'inactive' }
  expect(eventOf(closed, { ...subject, reply })?.data).toMatchObject({
    channel: 'sms',
    participant: '+14155550123',
    sender: '+15005550006',
  })
  const onWeb = { ...subject, reply: { channel: 'web', to: LANE } as const }
  expect(eventOf(closed, onWeb)?.data).toEqual({ channel: 'web', participant: LANE, chat_id: null, reason: 'inactive' })
})

test('the entry of a write is read back as it was, from its own conversation only', () => {
  const entries: LedgerEntry[] = [
    of('user', { text: '*\nü🦆' }),
    of('agent', { answers: '1-0' }),
    { kind: 'status', message: '1-0', status: 'failed', reason: 'why' },
    { kind: 'conversation', status: 'closed', chatId: 'chat_1', reason: 'inactive' },
    { kind: 'analysis', analysis: { chatId: 'chat_1', custom: { a: [1] } } },
  ]
  for (const entry of entries) {
    expect(entryOf(LANE, ledgerEffect('p', LANE, entry))).toEqual(entry)
    expect(entryOf('c0_BBBBBBBBBBBBBBBBBBBBBB', ledgerEffect('p', LANE, entry))).toBeUndefined()
  }
  const [, publish] = statusEffects('p', LANE, '1-0', 'sent')
  expect(publish && entryOf(LANE, publish)).toBeUndefined()
})

test('a webhook is the same however often it is made, and a replay changes nothing of it', () => {
  const event = eventOf(of('agent', { answers: '1-0' }), subject)
  const data = JSON.stringify(event)
  const id = '1760000000000-3'
  const first = webhookOf(LANE, { id, data })
  expect(first).toMatchObject({ id: `${LANE}_${id}`, type: 'message.answered', since: 1_760_000_000_000 })
  expect(JSON.parse(first.body)).toEqual({
    type: 'message.answered',
    timestamp: '2025-10-09T08:53:20.000Z',
    data: { conversation_id: LANE, answer_id: id, ...who, message_id: '1-0', text: 'hello' },
  })
  const again = webhookOf(LANE, { id, data: againNow(data) })
  expect({ ...again, since: 0 }).toEqual({ ...first, since: 0 })
  expect(again.since).toBeGreaterThan(first.since)
})
