import { setTimeout as passed } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { type Stage, stage } from './stage.ts'

/** The last try of a message, when its outcome is unclear: it is a dead letter only if the message was not said. */

let s: Stage
afterEach(() => s.stop())

const completion = { target: 'uponai', operation: 'completion' } as const
const states = async (conversation: Awaited<ReturnType<Stage['web']>>) =>
  (await s.settled(conversation)).map(({ text, status, reason }) => [text, status, reason])

it('an answer that got lost with the last try is found', async () => {
  s = await stage({ env: { TURN_ATTEMPTS: '1' } })
  await s.sandbox.setFaults({ rules: [{ ...completion, times: 1, fault: { kind: 'drop', when: 'after' } }] })
  const conversation = await s.web('pk_quiet')
  await s.say(conversation, 'hello')
  expect(await states(conversation)).toEqual([
    ['hello', 'answered', undefined],
    ['echo: hello', 'delivered', undefined],
  ])
})

it('a last try that came to nothing is a dead letter, and what it failed of stands there', async () => {
  s = await stage({ env: { TURN_ATTEMPTS: '1', UPONAI_TIMEOUT_MS: '500', UPONAI_COMPLETION_TIMEOUT_MS: '500' } })
  await s.sandbox.setFaults({ rules: [{ ...completion, times: 1, fault: { kind: 'drop', when: 'before' } }] })
  const conversation = await s.web('pk_quiet')
  await s.say(conversation, 'hello')
  expect(await states(conversation)).toEqual([['hello', 'failed', 'attempts_exhausted']])
  expect(await s.lanes.deadLetters.list()).toMatchObject([
    { detail: expect.stringContaining('UPONAI_UNCLEAR'), tries: 1 },
  ])
  await s.sandbox.clearFaults()
  await s.say(conversation, 'again')
  await s.settled(conversation)
  const [chat] = await s.sandbox.chats()
  expect(chat?.messages.map(({ content }) => content)).toEqual(['again', 'echo: again'])
})

it('looks at the chat that get no answer spend no tries', async () => {
  s = await stage({ env: { TURN_ATTEMPTS: '1', UPONAI_COMPLETION_TIMEOUT_MS: '20000', TURN_BACKOFF_MS: '20' } })
  await s.sandbox.setFaults({
    rules: [
      { ...completion, times: 1, fault: { kind: 'drop', when: 'after' } },
      { target: 'uponai', operation: 'get', times: 4, fault: { kind: 'drop', when: 'before' } },
    ],
  })
  const conversation = await s.web('pk_quiet')
  await s.say(conversation, 'hello')
  expect(await states(conversation)).toEqual([
    ['hello', 'answered', undefined],
    ['echo: hello', 'delivered', undefined],
  ])
})

it('a chat that cannot be read back leaves a message whose outcome is unknown, and the lane goes on', async () => {
  s = await stage({
    env: { TURN_ATTEMPTS: '2', UPONAI_TIMEOUT_MS: '500', UPONAI_COMPLETION_TIMEOUT_MS: '500', TURN_BACKOFF_MS: '20' },
  })
  await s.sandbox.setFaults({
    rules: [
      { ...completion, match: { text: 'lost' }, fault: { kind: 'drop', when: 'after' } },
      { target: 'uponai', operation: 'get', times: 2, fault: { kind: 'status', status: 500 } },
    ],
  })
  const conversation = await s.web('pk_quiet')
  await s.say(conversation, 'lost')
  await s.say(conversation, 'next')
  expect(await states(conversation)).toEqual([
    ['lost', 'failed', 'outcome_unknown'],
    ['next', 'answered', undefined],
    ['echo: next', 'delivered', undefined],
  ])
  const [chat] = await s.sandbox.chats()
  expect(chat?.completions).toBe(2)
})

it('with TURN_WHEN_UNCLEAR=dead_letter nothing is said again unless it is clear that it was not said', async () => {
  s = await stage({
    env: { TURN_WHEN_UNCLEAR: 'dead_letter', UPONAI_TIMEOUT_MS: '500', UPONAI_COMPLETION_TIMEOUT_MS: '500' },
  })
  await s.sandbox.setFaults({
    rules: [
      { ...completion, match: { text: 'lost' }, times: 1, fault: { kind: 'drop', when: 'before' } },
      { ...completion, match: { text: 'slowed' }, times: 1, fault: { kind: 'status', status: 429 } },
    ],
  })
  const conversation = await s.web('pk_quiet')
  await s.say(conversation, 'lost')
  await s.say(conversation, 'slowed')
  expect(await states(conversation)).toEqual([
    ['lost', 'failed', 'outcome_unknown'],
    ['slowed', 'answered', undefined],
    ['echo: slowed', 'delivered', undefined],
  ])
})

it('equal texts stay apart when entries without roles are stored that were never returned', async () => {
  s = await stage({ settings: { message_roles: false, message_ids: false, message_timestamps: false } })
  const note = { role: 'injected', content: 'a note of the flow' }
  await s.sandbox.setScript({
    rules: [{ text: 'ok', answer: [{ ...note, returned: false }, 'sure', { ...note, returned: false }] }],
  })
  const conversation = await s.web('pk_quiet')
  for (let n = 0; n < 4; n++) {
    await s.say(conversation, 'ok')
    await s.settled(conversation)
  }
  await s.sandbox.setFaults({ rules: [{ ...completion, times: 1, fault: { kind: 'drop', when: 'before' } }] })
  await s.say(conversation, 'ok')
  await s.settled(conversation)
  await s.sandbox.setFaults({ rules: [{ ...completion, times: 1, fault: { kind: 'drop', when: 'after' } }] })
  await s.say(conversation, 'ok')
  await s.settled(conversation)
  const [chat] = await s.sandbox.chats()
  expect(chat?.completions).toBe(6)
})

it('a chat that could not be ended is still open, and its end is tried again when its time is up', async () => {
  s = await stage({ env: { TURN_ATTEMPTS: '1' } })
  const conversation = await s.web('pk_short')
  await s.say(conversation, 'hello')
  await s.settled(conversation)
  await s.sandbox.setFaults({
    rules: [{ target: 'uponai', operation: 'end', times: 1, fault: { kind: 'status', status: 400 } }],
  })
  while ((await s.lanes.deadLetters.list()).length === 0) await passed(50)
  expect(await s.conversations.find(conversation.id)).toMatchObject({ closed: false })
  while (!(await s.conversations.find(conversation.id))?.closed) await passed(50)
  expect(await s.sandbox.chats()).toMatchObject([{ status: 'ended', ended_by: 'api' }])
})

it('a chat that may not be read says nothing of the message: nobody says it again unasked', async () => {
  s = await stage({ env: { UPONAI_TIMEOUT_MS: '500', UPONAI_COMPLETION_TIMEOUT_MS: '500' } })
  await s.sandbox.setFaults({
    rules: [
      { ...completion, times: 1, fault: { kind: 'drop', when: 'after' } },
      { target: 'uponai', operation: 'get', times: 1, fault: { kind: 'status', status: 400 } },
    ],
  })
  const conversation = await s.web('pk_quiet')
  await s.say(conversation, 'lost')
  expect(await states(conversation)).toEqual([['lost', 'failed', 'outcome_unknown']])
})

it('a chat that refuses messages and even to be read is left for a new one', async () => {
  s = await stage({})
  const conversation = await s.web('pk_quiet')
  await s.say(conversation, 'before')
  await s.settled(conversation)
  const [old] = await s.sandbox.chats()
  const refused = { match: { chat: old?.chat_id ?? '' }, fault: { kind: 'status', status: 410 } } as const
  await s.sandbox.setFaults({
    rules: [
      { ...completion, ...refused },
      { target: 'uponai', operation: 'get', ...refused },
    ],
  })
  await s.say(conversation, 'after')
  expect((await states(conversation)).at(-1)).toEqual(['echo: after', 'delivered', undefined])
  expect(await s.sandbox.chats()).toMatchObject([{ completions: 1 }, { completions: 1 }])
})

it('a message whose conversation Redis lost is a dead letter', async () => {
  s = await stage({ workers: 0 })
  const conversation = await s.web('pk_quiet')
  await s.say(conversation, 'hello')
  await s.forget(conversation)
  await s.replaceWorker()
  while ((await s.lanes.deadLetters.list()).length === 0) await passed(20)
  expect(await s.lanes.deadLetters.list()).toMatchObject([{ reason: 'conversation_gone' }])
})
