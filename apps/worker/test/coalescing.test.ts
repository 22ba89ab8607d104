import { once } from 'node:events'
import { setTimeout as passed } from 'node:timers/promises'
import { type Conversation, ConversationDeadLetters } from '@chatlane/core'
import { afterEach, describe, expect, it } from 'vitest'
import { NUMBER, type Stage, stage } from './stage.ts'

let s: Stage
afterEach(() => s.stop())

const FROM = '+14155550123'

const web = (key: string, more = '') => `
  - public_key: ${key}
    allowed_origins: ["https://www.example.com"]
    agent_id: chat_agent_a
    greeting: hide${more}`

const routes = `
sms:
  - sender: "${NUMBER}"
    inbound_agents: [{ agent_id: chat_agent_a }]
    failure_message: "Sorry, that went wrong."
    coalesce_window_ms: 1500
web:${web('pk_plain')}${web('pk_burst', '\n    coalesce_window_ms: 1500')}${web('pk_restless', '\n    coalesce_window_ms: 1000\n    coalesce_max_wait_ms: 1500')}${web('pk_patient', '\n    coalesce_window_ms: 600000')}
`

/** What the person said to the agent in the conversation, as UponAI has it. */
async function said({ id }: Conversation): Promise<string[]> {
  const chats = (await s.sandbox.chats()).filter(({ metadata }) => metadata?.conversation_id === id)
  return chats.flatMap(({ messages }) => messages.flatMap((m) => (m.role === 'user' ? [m.content ?? ''] : [])))
}

const statuses = (items: { role: string; status: string }[]) =>
  items.flatMap(({ role, status }) => (role === 'user' ? [status] : []))

const completions = async () =>
  (await s.sandbox.history({ kind: 'uponai' })).filter((e) => e.kind === 'uponai' && e.operation === 'completion')

describe('with a quiet window', () => {
  it('five short messages in a row get one answer, delivered once', async () => {
    s = await stage({ routes })
    const texts = ['one', 'two', 'three', 'four', 'five']
    const conversation = await s.text(FROM, 'one')
    for (const text of texts.slice(1)) await s.text(FROM, text)
    const items = await s.settled(conversation, (all) => all.some(({ status }) => status === 'sent'))
    expect(await said(conversation)).toEqual([texts.join('\n')])
    expect(statuses(items)).toEqual(texts.map(() => 'answered'))
    expect(items.filter(({ role }) => role !== 'user').map(({ text }) => text)).toEqual([`echo: ${texts.join('\n')}`])
    const sent = (await s.sandbox.history({ kind: 'twilio' })).filter((e) => e.kind === 'twilio' && e.effect)
    expect(sent).toHaveLength(1)
    // Nothing of it is left.
    const { joined, gathers } = (await s.conversations.find(conversation.id)) ?? {}
    expect({ joined, gathers }).toEqual({})
  })

  it('a deadline that comes due meanwhile parts nothing, and closes nothing', async () => {
    s = await stage({ routes })
    const conversation = await s.text(FROM, 'one')
    await s.lanes.add(conversation.id, { id: 'close:early', data: JSON.stringify({ kind: 'close' }) })
    await s.text(FROM, 'two')
    await s.settled(conversation, (all) => all.some(({ status }) => status === 'sent'))
    expect(await said(conversation)).toEqual(['one\ntwo'])
    expect(await s.conversations.find(conversation.id)).toMatchObject({ closed: false, chatId: expect.any(String) })
  })

  it('a repeat of the sender is not said twice', async () => {
    s = await stage({ routes })
    const conversation = await s.text(FROM, 'one', 'SM1')
    await s.text(FROM, 'two', 'SM2')
    await s.text(FROM, 'one', 'SM1')
    await s.settled(conversation, (all) => all.some(({ status }) => status === 'sent'))
    await s.text(FROM, 'two', 'SM2')
    await s.settled(conversation)
    expect(await said(conversation)).toEqual(['one\ntwo'])
  })

  it('somebody who never stops writing is answered after the longest wait', async () => {
    s = await stage({ routes })
    const conversation = await s.web('pk_restless')
    const texts: string[] = []
    while ((await completions()).length < 2) {
      texts.push(`text ${texts.length}`)
      await s.say(conversation, texts.at(-1) ?? '')
      await passed(100)
    }
    const items = await s.settled(conversation)
    const heard = await said(conversation)
    expect(heard.join('\n')).toBe(texts.join('\n'))
    expect(statuses(items)).toEqual(texts.map(() => 'answered'))
  })

  it('an end waits for nothing', async () => {
    s = await stage({ routes })
    const conversation = await s.web('pk_patient')
    await s.say(conversation, 'one')
    await s.say(conversation, 'two')
    while (!(await s.conversations.find(conversation.id))?.gathers) await passed(20)
    await s.conversations.requestEnd(conversation)
    while (!(await s.conversations.find(conversation.id))?.closed) await passed(20)
    expect(await said(conversation)).toEqual(['one\ntwo'])
    expect(await s.sandbox.chats()).toMatchObject([{ status: 'ended' }])
  })

  it('a group has bounds, and a full one does not wait', async () => {
    s = await stage({ routes, workers: 0 })
    const many = await s.web('pk_patient')
    const texts = Array.from({ length: 45 }, (_, n) => `text ${n}`)
    for (const text of texts) await s.say(many, text)
    const long = await s.web('pk_patient')
    const pages = ['a', 'b', 'c'].map((letter) => letter.repeat(5_000))
    for (const page of pages) await s.say(long, page)
    await s.workerProcess()
    for (const [conversation, left] of [
      [many, 5],
      [long, 1],
    ] as const) {
      while ((await s.conversations.waiting(conversation)) > left) await passed(20)
      await s.conversations.requestEnd(conversation)
      await s.settled(conversation)
    }
    expect(await said(many)).toEqual([0, 20, 40].map((from) => texts.slice(from, from + 20).join('\n')))
    expect(await said(long)).toEqual(pages)
  })

  it('each message of a route without one is answered by itself', async () => {
    s = await stage({ routes })
    const conversation = await s.web('pk_plain')
    for (const text of ['one', 'two']) await s.say(conversation, text)
    await s.settled(conversation)
    expect(await said(conversation)).toEqual(['one', 'two'])
  })
})

describe('a group that fails', () => {
  it.each([
    ['500 before the effect', { kind: 'status', status: 500, when: 'before' }],
    ['500 after the effect', { kind: 'status', status: 500, when: 'after' }],
    ['a connection lost before the effect', { kind: 'drop', when: 'before' }],
    ['a connection lost after the effect', { kind: 'drop', when: 'after' }],
    ['a time-out after the effect', { kind: 'hang', when: 'after' }],
    ['429 with Retry-After', { kind: 'status', status: 429, retry_after_s: 1 }],
    ['the end of its chat', { kind: 'end-chat' }],
  ] as const)('keeps exactly its messages: %s', async (_name, fault) => {
    s = await stage({ routes, settings: { message_roles: false, message_ids: false, message_timestamps: false } })
    const conversation = await s.web('pk_burst')
    await s.say(conversation, 'same')
    await s.settled(conversation)
    await s.sandbox.setFaults({ rules: [{ target: 'uponai', operation: 'completion', times: 1, fault }] })
    await s.say(conversation, 'same')
    await s.say(conversation, 'same')
    while ((await s.sandbox.faultCounts())[0]?.injected !== 1) await passed(10)
    await s.say(conversation, 'later')
    const items = await s.settled(conversation)
    expect(await said(conversation)).toEqual(['same', 'same\nsame', 'later'])
    expect(statuses(items)).toEqual(Array(4).fill('answered'))
    const chats = await s.sandbox.chats()
    expect(chats.reduce((sum, chat) => sum + chat.completions, 0)).toBe(3)
  })

  it('that is refused is said one by one: only what is refused itself is given up, and replays as a message', async () => {
    s = await stage({ routes })
    const deadLetters = new ConversationDeadLetters({ ...s, prefix: s.environment.REDIS_PREFIX ?? '' })
    const refusal = { kind: 'status', status: 400 } as const
    const match = { text_contains: 'refused' }
    await s.sandbox.setFaults({ rules: [{ target: 'uponai', operation: 'completion', match, fault: refusal }] })
    const conversation = await s.text(FROM, 'good')
    await s.text(FROM, 'refused')
    await s.text(FROM, 'better')
    await s.text(FROM, 'best')
    const failed = await s.settled(conversation, (all) => all.filter(({ status }) => status === 'sent').length === 3)
    expect(failed.map(({ text, status, reason }) => [text, status, reason])).toEqual([
      ['good', 'answered', undefined],
      ['refused', 'failed', 'uponai_rejected'],
      ['better', 'answered', undefined],
      ['best', 'answered', undefined],
      ['echo: good', 'sent', undefined],
      ['Sorry, that went wrong.', 'sent', undefined],
      ['echo: better\nbest', 'sent', undefined],
    ])
    expect(await said(conversation)).toEqual(['good', 'better\nbest'])

    await s.sandbox.clearFaults()
    expect(await deadLetters.replayAll({})).toEqual({ replayed: 1, mayRepeat: 0 })
    const items = await s.settled(conversation)
    expect(statuses(items)).toEqual(Array(4).fill('answered'))
    expect(await said(conversation)).toEqual(['good', 'better\nbest', 'refused'])
    expect(await s.lanes.deadLetters.list()).toEqual([])
  })

  it('that nobody can say becomes dead letters for the same reason, with one word to the person', async () => {
    s = await stage({ routes, env: { TURN_ATTEMPTS: '2' } })
    const deadLetters = new ConversationDeadLetters({ ...s, prefix: s.environment.REDIS_PREFIX ?? '' })
    const fault = { kind: 'status', status: 503, when: 'before' } as const
    await s.sandbox.setFaults({ rules: [{ target: 'uponai', operation: 'completion', fault }] })
    const conversation = await s.text(FROM, 'good')
    await s.text(FROM, 'better')
    const failed = await s.settled(conversation, (all) => all.some(({ status }) => status === 'sent'))
    expect(failed.map(({ text, status, reason }) => [text, status, reason])).toEqual([
      ['good', 'failed', 'attempts_exhausted'],
      ['better', 'failed', 'attempts_exhausted'],
      ['Sorry, that went wrong.', 'sent', undefined],
    ])
    await s.sandbox.clearFaults()
    expect(await deadLetters.replayAll({})).toEqual({ replayed: 2, mayRepeat: 0 })
    const items = await s.settled(conversation)
    expect(statuses(items)).toEqual(Array(2).fill('answered'))
    expect((await said(conversation)).join('\n')).toBe('good\nbetter')
    expect(items.filter(({ role }) => role === 'system')).toHaveLength(1)
  })

  it.each(['before', 'after'] as const)(
    'is said once when its worker dies %s the effect, and leaves out what came later',
    async (when) => {
      s = await stage({ routes, workers: 0 })
      const worker = await s.workerProcess()
      const fault = { kind: 'hang', when } as const
      await s.sandbox.setFaults({ rules: [{ target: 'uponai', operation: 'completion', fault }] })
      const conversation = await s.text(FROM, 'one')
      await s.text(FROM, 'two')
      while ((await completions()).length === 0) await passed(20)
      worker.kill('SIGKILL')
      await once(worker, 'exit')
      await s.sandbox.clearFaults()
      await s.text(FROM, 'three')
      await s.workerProcess()
      const items = await s.settled(conversation, (all) => all.filter(({ status }) => status === 'sent').length === 2)
      expect(await said(conversation)).toEqual(['one\ntwo', 'three'])
      expect(statuses(items)).toEqual(['answered', 'answered', 'answered'])
      expect(await s.sandbox.chats()).toMatchObject([{ completions: 2, max_working: 1 }])
    },
    180_000,
  )
})
