import { afterEach, expect, it } from 'vitest'
import { NUMBER, type Stage, stage } from './stage.ts'

let s: Stage
afterEach(() => s.stop())

const PERSON = '+14155550123'

/** Messages that Twilio took, in order. */
async function delivered(): Promise<string[]> {
  const entries = await s.sandbox.history({ kind: 'twilio' })
  return entries.flatMap((entry) =>
    entry.kind === 'twilio' && entry.operation === 'message-create' && entry.effect ? [entry.body ?? ''] : [],
  )
}

it('sends answers from the number that was written to, once and in order, with a callback that names the message', async () => {
  s = await stage({})
  const conversation = await s.text(PERSON, 'one')
  await s.text(PERSON, 'two')
  const items = await s.settled(conversation, (all) => all.filter(({ status }) => status === 'sent').length === 2)
  expect(await delivered()).toEqual(['echo: one', 'echo: two'])
  const [first] = await s.sandbox.history({ kind: 'twilio' })
  const answer = items.find(({ role }) => role === 'agent')
  expect(first).toMatchObject({ to: PERSON, from: NUMBER })
  const callback = new URL(first?.kind === 'twilio' ? (first.status_callback ?? '') : '')
  expect(callback.pathname).toBe('/webhooks/twilio/status')
  expect(Object.fromEntries(callback.searchParams)).toEqual({
    conversation: conversation.id,
    message: answer?.id,
    part: '0',
    parts: '1',
  })
})

it('keeps the conversation of an address, and one message per MessageSid', async () => {
  s = await stage({})
  const first = await s.text(PERSON, 'hello', 'SM00000000000000000000000000000001')
  const repeat = await s.text(PERSON, 'hello', 'SM00000000000000000000000000000001')
  const other = await s.text('+14155550124', 'hello')
  expect(repeat.id).toBe(first.id)
  expect(other.id).not.toBe(first.id)
  await s.settled(first)
  await s.settled(other)
  expect(await delivered()).toEqual(['echo: hello', 'echo: hello'])
})

it('sends a long answer in parts that fit, in order', async () => {
  s = await stage({})
  const words = Array.from({ length: 600 }, (_, i) => `word${i}`).join(' ')
  await s.sandbox.setScript({ rules: [{ text: 'tell', answer: [words] }] })
  const conversation = await s.text(PERSON, 'tell')
  await s.settled(conversation, (all) => all.some(({ status }) => status === 'sent'))
  const parts = await delivered()
  expect(parts.length).toBeGreaterThan(2)
  expect(parts.every((part) => part.length <= 1_600)).toBe(true)
  expect(parts.join(' ')).toBe(words)
})

it.each([['429', { kind: 'status', status: 429, retry_after_s: 1 }]] as const)(
  'sends again after %s',
  async (_name, fault) => {
    s = await stage({})
    await s.sandbox.setFaults({ rules: [{ target: 'twilio', operation: 'message-create', times: 1, fault }] })
    const conversation = await s.text(PERSON, 'hi')
    await s.settled(conversation, (all) => all.some(({ status }) => status === 'sent'))
    expect(await delivered()).toEqual(['echo: hi'])
  },
)

it.each([
  ['an answer 500 after the effect', { kind: 'status', status: 500, when: 'after' }],
  ['an answer 500 before the effect', { kind: 'status', status: 500, when: 'before' }],
  ['a connection lost after the effect', { kind: 'drop', when: 'after' }],
  ['a connection lost before the effect', { kind: 'drop', when: 'before' }],
] as const)('looks into the list of messages after %s, and sends each once', async (_name, fault) => {
  s = await stage({})
  const conversation = await s.text(PERSON, 'same')
  await s.settled(conversation, (all) => all.some(({ status }) => status === 'sent'))
  await s.sandbox.setFaults({ rules: [{ target: 'twilio', operation: 'message-create', times: 1, fault }] })
  await s.text(PERSON, 'same')
  await s.text(PERSON, 'next')
  const items = await s.settled(conversation, (all) => all.filter(({ status }) => status === 'sent').length === 3)
  expect((await s.sandbox.faultCounts())[0]?.injected).toBe(1)
  expect(items).toHaveLength(6)
  expect(await delivered()).toEqual(['echo: same', 'echo: same', 'echo: next'])
})

it('says that it is unknown when the list cannot be read either, and never sends again', async () => {
  s = await stage({})
  await s.sandbox.setFaults({
    rules: [
      { target: 'twilio', operation: 'message-create', times: 1, fault: { kind: 'drop', when: 'after' } },
      { target: 'twilio', operation: 'message-list', fault: { kind: 'status', status: 404, code: 20404 } },
    ],
  })
  const conversation = await s.text(PERSON, 'hi')
  await s.text(PERSON, 'next')
  const items = await s.settled(conversation, (all) => all.some(({ status }) => status === 'sent'))
  expect(items.filter(({ role }) => role === 'agent').map(({ status }) => status)).toEqual(['unknown', 'sent'])
  expect(await delivered()).toEqual(['echo: hi', 'echo: next'])
})

it('shows a message that Twilio refuses as failed, with the reason, and goes on', async () => {
  s = await stage({})
  await s.sandbox.setFaults({
    rules: [
      { target: 'twilio', operation: 'message-create', times: 1, fault: { kind: 'status', status: 400, code: 21620 } },
    ],
  })
  const conversation = await s.text(PERSON, 'hi')
  await s.text(PERSON, 'next')
  const items = await s.settled(conversation, (all) => all.some(({ status }) => status === 'sent'))
  expect(items.filter(({ role }) => role === 'agent').map(({ status, reason }) => [status, reason])).toEqual([
    ['failed', 'twilio_21620'],
    ['sent', undefined],
  ])
})

it('does not take an earlier equal text for the one of unclear outcome', async () => {
  s = await stage({})
  const conversation = await s.text(PERSON, 'same')
  await s.text(PERSON, 'same')
  await s.settled(conversation, (all) => all.filter(({ status }) => status === 'sent').length === 2)
  await s.sandbox.setFaults({
    rules: [{ target: 'twilio', operation: 'message-create', times: 1, fault: { kind: 'drop', when: 'before' } }],
  })
  await s.text(PERSON, 'same')
  await s.settled(conversation, (all) => all.filter(({ status }) => status === 'sent').length === 3)
  expect(await delivered()).toEqual(['echo: same', 'echo: same', 'echo: same'])
})

it('does not take an earlier equal part for the one of unclear outcome', async () => {
  s = await stage({})
  const part = Array(320).fill('word').join(' ')
  const long = `${part} ${part}`
  await s.sandbox.setScript({ rules: [{ text: 'tell', answer: [long] }] })
  const lost = (when: 'after' | 'before') =>
    ({ target: 'twilio', operation: 'message-create', times: 1, fault: { kind: 'drop', when } }) as const
  await s.sandbox.setFaults({ rules: [lost('after'), lost('before')] })
  const conversation = await s.text(PERSON, 'tell')
  await s.settled(conversation, (all) => all.some(({ status }) => status === 'sent'))
  expect((await s.sandbox.faultCounts()).map(({ injected }) => injected)).toEqual([1, 1])
  expect(await delivered()).toEqual([part, part])
})

it('finds what Twilio took long before it failed to answer', async () => {
  s = await stage({})
  await s.sandbox.setFaults({
    rules: [
      { target: 'twilio', operation: 'message-create', times: 1, fault: { kind: 'hang', when: 'after', ms: 4_000 } },
    ],
  })
  const conversation = await s.text(PERSON, 'hi')
  await s.settled(conversation, (all) => all.some(({ status }) => status === 'sent'))
  expect(await delivered()).toEqual(['echo: hi'])
})

it('never calls failed what may have been sent', async () => {
  s = await stage({ env: { TURN_ATTEMPTS: '1' } })
  await s.sandbox.setFaults({
    rules: [{ target: 'twilio', operation: 'message-create', times: 1, fault: { kind: 'drop', when: 'after' } }],
  })
  const conversation = await s.text(PERSON, 'hi')
  const items = await s.settled(
    conversation,
    (all) => all.length === 2 && all.every(({ status }) => status !== 'queued'),
  )
  expect(await delivered()).toEqual(['echo: hi'])
  expect(items.find(({ role }) => role === 'agent')?.status).toBe('sent')
})
