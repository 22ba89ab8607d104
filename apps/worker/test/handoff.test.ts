import { once } from 'node:events'
import { setTimeout as passed } from 'node:timers/promises'
import { type Conversation, conversationKeys, type LedgerItem } from '@chatlane/core'
import { afterEach, describe, expect, it } from 'vitest'
import { type Stage, stage } from './stage.ts'

let s: Stage
afterEach(() => s.stop())

const FROM = '+14155550123'

async function now({ id }: Conversation): Promise<Conversation> {
  const conversation = await s.conversations.find(id)
  if (!conversation) throw new Error(`conversation ${id} is not there`)
  return conversation
}

const handOff = async (conversation: Conversation) => s.conversations.handoffs.begin(await now(conversation))
const resume = async (conversation: Conversation, tellAgent = false) =>
  s.conversations.handoffs.end(await now(conversation), { tellAgent })
const reply = async (conversation: Conversation, text: string, key?: string) =>
  s.conversations.handoffs.reply(await now(conversation), { text, ...(key !== undefined && { key }) })

/** What the person said to the agent in the conversation, chat by chat, as UponAI has it. */
async function said({ id }: Conversation): Promise<string[][]> {
  const chats = (await s.sandbox.chats()).filter(({ metadata }) => metadata?.conversation_id === id)
  return chats.map(({ messages }) => messages.flatMap((m) => (m.role === 'user' ? [m.content ?? ''] : [])))
}

const completions = async () =>
  (await s.sandbox.history({ kind: 'uponai' })).filter((e) => e.kind === 'uponai' && e.operation === 'completion')

const sentSms = async () =>
  (await s.sandbox.history({ kind: 'twilio' })).flatMap((e) =>
    e.kind === 'twilio' && e.operation === 'message-create' && e.effect ? [e.body] : [],
  )

const shown = (items: LedgerItem[]) => items.map(({ role, text, status, by }) => [by ?? role, text, status])

describe('while an operator has a conversation', () => {
  it('the agent is silent, and what is said is kept and shown', async () => {
    s = await stage({})
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'before')
    await s.settled(conversation)
    await handOff(conversation)
    await s.say(conversation, 'is this a person?')
    await s.settled(conversation)
    await reply(conversation, 'Ada here')
    await s.say(conversation, 'good')
    const items = await s.settled(conversation)
    expect(shown(items)).toEqual([
      ['user', 'before', 'answered'],
      ['agent', 'echo: before', 'delivered'],
      ['user', 'is this a person?', 'handed_off'],
      ['operator', 'Ada here', 'delivered'],
      ['user', 'good', 'handed_off'],
    ])
    expect(await said(conversation)).toEqual([['before']])
    expect(await s.conversations.waiting(conversation)).toBe(0)

    await resume(conversation)
    await s.say(conversation, 'after')
    await s.settled(conversation)
    expect(await said(conversation)).toEqual([['before', 'after']])
  })

  it('no chat is opened for a greeting', async () => {
    s = await stage({ workers: 0 })
    await s.sandbox.setScript({ rules: [{ greeting: ['Good morning!'] }] })
    const conversation = await s.web()
    await handOff(conversation)
    await s.workerProcess()
    await s.settled(conversation)
    expect(await s.sandbox.chats()).toEqual([])
  })

  it("an operator's reply goes out on the person's channel, in order and once", async () => {
    s = await stage({})
    const conversation = await s.text(FROM, 'one')
    await s.settled(conversation)
    await handOff(conversation)
    for (const [n, text] of ['first', 'second', 'third'].entries()) {
      const accepted = await reply(conversation, text, `reply ${n}`)
      expect(accepted).toMatchObject({ status: 'accepted', shown: 'queued' })
      expect(await reply(conversation, text, `reply ${n}`)).toEqual({ ...accepted, status: 'duplicate' })
    }
    expect(await reply(conversation, 'other', 'reply 0')).toEqual({ status: 'conflict' })
    const items = await s.settled(conversation)
    expect(await sentSms()).toEqual(['echo: one', 'first', 'second', 'third'])
    expect(items.filter(({ by }) => by === 'operator').map(({ status }) => status)).toEqual(['sent', 'sent', 'sent'])
    await resume(conversation)
    expect(await reply(conversation, 'too late', 'reply 9')).toEqual({ status: 'not_handed_off' })
    expect(await reply(conversation, 'first', 'reply 0')).toMatchObject({ status: 'duplicate' })
  })

  it('its chat is not closed for inactivity, and is when the agent has it again', async () => {
    s = await stage({})
    const conversation = await s.web('pk_short')
    await s.say(conversation, 'hello')
    await s.settled(conversation)
    await handOff(conversation)
    const closing = conversationKeys(s.environment.REDIS_PREFIX ?? '', conversation.id).closing
    const first = Number(await s.redis.zscore(closing, conversation.id))
    const deadline = async () => Number((await s.redis.zscore(closing, conversation.id)) ?? 0)
    // Two deadlines went by.
    while ((await deadline()) < first + 2_000) await passed(50)
    expect(await s.sandbox.chats()).toMatchObject([{ status: 'ongoing' }])
    await resume(conversation)
    while (!(await now(conversation)).closed) await passed(50)
    expect(await s.sandbox.chats()).toMatchObject([{ status: 'ended', ended_by: 'api' }])
  })

  it('it can be ended, and stays with the operator', async () => {
    s = await stage({})
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'hello')
    await s.settled(conversation)
    await handOff(conversation)
    await s.conversations.requestEnd(conversation)
    while (!(await now(conversation)).closed) await passed(20)
    expect(await s.sandbox.chats()).toMatchObject([{ status: 'ended' }])
    await s.say(conversation, 'one more thing')
    const items = await s.settled(conversation)
    expect(items.at(-1)).toMatchObject({ text: 'one more thing', status: 'handed_off' })
    expect(await completions()).toHaveLength(1)
  })

  it('messages that wait for more are kept, too', async () => {
    s = await stage({ env: { COALESCE_WINDOW_MS: '3000' } })
    const conversation = await s.text(FROM, 'one')
    await s.text(FROM, 'two')
    while (!(await now(conversation)).gathers) await passed(10)
    await handOff(conversation)
    const items = await s.settled(conversation)
    expect(shown(items)).toEqual([
      ['user', 'one', 'handed_off'],
      ['user', 'two', 'handed_off'],
    ])
    expect(await completions()).toEqual([])
  })
})

describe('the agent that goes on', () => {
  const talkToOperator = async (conversation: Conversation) => {
    await s.say(conversation, 'before')
    await s.settled(conversation)
    await handOff(conversation)
    await s.say(conversation, 'what does it cost?')
    await s.settled(conversation)
    await reply(conversation, 'nine euros')
  }
  const ACCOUNT = /^⟦.*\nCustomer: what does it cost\?\nColleague: nine euros\n.*⟧\n/

  it('is told once of what was said, ahead of the next message', async () => {
    s = await stage({})
    const conversation = await s.web('pk_quiet')
    await talkToOperator(conversation)
    await resume(conversation, true)
    await s.say(conversation, 'and two?')
    await s.say(conversation, 'bye')
    const items = await s.settled(conversation)
    const [[, told = '', next] = []] = await said(conversation)
    expect(told).toMatch(ACCOUNT)
    expect(told.replace(ACCOUNT, '')).toBe('and two?')
    expect(next).toBe('bye')
    // Nobody else is.
    expect(items.filter(({ role }) => role === 'user').map(({ text }) => text)).toContain('and two?')
    expect((await now(conversation)).untold).toEqual([])
  })

  it('is told in the chat that takes the place of one that ended meanwhile', async () => {
    s = await stage({})
    const conversation = await s.web('pk_quiet')
    await talkToOperator(conversation)
    await s.sandbox.endChat((await s.sandbox.chats())[0]?.chat_id ?? '')
    await resume(conversation, true)
    await s.say(conversation, 'and two?')
    await s.settled(conversation)
    expect(await said(conversation)).toEqual([['before'], [expect.stringMatching(ACCOUNT)]])
  })

  it.each([
    ['a connection lost after the effect', { kind: 'drop', when: 'after' }],
    ['500 before the effect', { kind: 'status', status: 500, when: 'before' }],
    ['the end of its chat', { kind: 'end-chat' }],
  ] as const)('hears the same words after %s, and the next text without them', async (_name, fault) => {
    s = await stage({ settings: { message_roles: false, message_ids: false, message_timestamps: false } })
    const conversation = await s.web('pk_quiet')
    await talkToOperator(conversation)
    await resume(conversation, true)
    const rule = { target: 'uponai', operation: 'completion', times: 1, fault } as const
    await s.sandbox.setFaults({ rules: [rule] })
    await s.say(conversation, 'and two?')
    await s.settled(conversation)
    await s.sandbox.setFaults({ rules: [rule] })
    await s.say(conversation, 'and two?')
    const items = await s.settled(conversation)
    const [before, told = '', ...rest] = (await said(conversation)).flat()
    expect(before).toBe('before')
    expect(told.replace(ACCOUNT, '')).toBe('and two?')
    expect(told).toMatch(ACCOUNT)
    expect(rest).toEqual(['and two?'])
    expect(items.filter(({ status }) => status === 'answered')).toHaveLength(3)
  })

  it('is told of two times at once when nobody wrote in between', async () => {
    s = await stage({})
    const conversation = await s.web('pk_quiet')
    for (const text of ['first', 'second']) {
      await handOff(conversation)
      await reply(conversation, text)
      await resume(conversation, true)
    }
    await s.say(conversation, 'hello')
    await s.settled(conversation)
    expect(await said(conversation)).toEqual([
      [expect.stringMatching(/\nColleague: first\nColleague: second\n.*\nhello$/)],
    ])
    expect((await now(conversation)).untold).toEqual([])
  })

  it('is told later of what an operator said while it was being told', async () => {
    s = await stage({})
    const conversation = await s.web('pk_quiet')
    await talkToOperator(conversation)
    await resume(conversation, true)
    await s.sandbox.setFaults({ latency: { distribution: 'fixed', ms: 1_500 } })
    await s.say(conversation, 'and two?')
    while ((await completions()).length < 2) await passed(10)
    await handOff(conversation)
    await reply(conversation, 'seventeen')
    await resume(conversation, true)
    await s.settled(conversation)
    await s.sandbox.clearFaults()
    await s.say(conversation, 'bye')
    await s.settled(conversation)
    const [, told, last = ''] = (await said(conversation)).flat()
    expect(told).toMatch(ACCOUNT)
    expect(last).toMatch(/^⟦.*\nColleague: seventeen\n.*⟧\nbye$/)
    expect((await now(conversation)).untold).toEqual([])
  })

  it('is told together with messages that are answered together', async () => {
    s = await stage({ env: { COALESCE_WINDOW_MS: '1500' } })
    const conversation = await s.text(FROM, 'to the operator')
    await handOff(conversation)
    await s.settled(conversation)
    await resume(conversation, true)
    await s.text(FROM, 'one')
    await s.text(FROM, 'two')
    const items = await s.settled(conversation, (all) => all.some(({ status }) => status === 'sent'))
    expect(await said(conversation)).toEqual([[expect.stringMatching(/\nCustomer: to the operator\n.*⟧\none\ntwo$/)]])
    expect(items.map(({ status }) => status)).toEqual(['handed_off', 'answered', 'answered', 'sent'])
  })
})

describe('a conversation that is handed off in the middle', () => {
  it('gets the answer that is being made, and no other', async () => {
    s = await stage({})
    await s.sandbox.setFaults({ latency: { distribution: 'fixed', ms: 1_000 } })
    const conversation = await s.text(FROM, 'one')
    await s.text(FROM, 'two')
    while ((await completions()).length === 0) await passed(10)
    await handOff(conversation)
    await reply(conversation, 'Ada here')
    const items = await s.settled(conversation, (all) => all.length === 4)
    expect(shown(items)).toEqual([
      ['user', 'one', 'answered'],
      ['user', 'two', 'handed_off'],
      ['operator', 'Ada here', 'sent'],
      ['agent', 'echo: one', 'sent'],
    ])
    expect(await completions()).toHaveLength(1)
  })

  it('begins no completion that was all but begun', async () => {
    s = await stage({})
    const slow = { kind: 'latency', distribution: 'fixed', ms: 2_000 } as const
    await s.sandbox.setFaults({ rules: [{ target: 'uponai', operation: 'create', fault: slow }] })
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'one')
    // The turn has read that the agent has it.
    while ((await s.sandbox.history({ kind: 'uponai' })).length === 0) await passed(10)
    await handOff(conversation)
    const items = await s.settled(conversation)
    expect(shown(items)).toEqual([['user', 'one', 'handed_off']])
    expect(await completions()).toEqual([])
    expect((await now(conversation)).attempt).toBeUndefined()
    await resume(conversation, true)
    await s.say(conversation, 'two')
    await s.settled(conversation)
    expect(await said(conversation)).toEqual([[expect.stringMatching(/\nCustomer: one\n.*\ntwo$/)]])
  })

  it('begins no completion once that is answered, however many messages wait', async () => {
    s = await stage({ workers: 2 })
    await s.sandbox.setFaults({ latency: { distribution: 'uniform', min_ms: 0, max_ms: 20 } })
    let kept = 0
    const one = async (n: number) => {
      const conversation = await s.web('pk_quiet')
      const texts = Array.from({ length: 12 }, (_, m) => `${n}.${m}`)
      for (const text of texts) await s.say(conversation, text)
      await passed(Math.random() * 150)
      await handOff(conversation)
      const at = Date.now()
      const items = await s.settled(conversation)
      const statuses = items.flatMap(({ role, status }) => (role === 'user' ? [status] : []))
      const answered = statuses.indexOf('handed_off') === -1 ? texts.length : statuses.indexOf('handed_off')
      kept += texts.length - answered
      expect(statuses).toEqual(texts.map((_, m) => (m < answered ? 'answered' : 'handed_off')))
      expect(await said(conversation)).toEqual(answered === 0 ? expect.anything() : [texts.slice(0, answered)])
      const mine = (await completions()).filter((e) => e.kind === 'uponai' && e.content?.startsWith(`${n}.`))
      expect(mine).toHaveLength(answered)
      // Only one that was on record as begun can come in later.
      expect(mine.filter((e) => e.at > at).length).toBeLessThanOrEqual(1)
    }
    await Promise.all(Array.from({ length: 30 }, (_, n) => one(n)))
    expect(kept).toBeGreaterThan(0)
  })

  it.each([
    ['before', 'handed_off', []],
    ['after', 'answered', ['one']],
  ] as const)(
    'while a worker died with a call in its hands, %s its effect: %s',
    async (when, status, heard) => {
      s = await stage({ workers: 0, env: { UPONAI_TIMEOUT_MS: '2000', UPONAI_COMPLETION_TIMEOUT_MS: '2000' } })
      const worker = await s.workerProcess()
      const fault = { kind: 'hang', when } as const
      await s.sandbox.setFaults({ rules: [{ target: 'uponai', operation: 'completion', fault }] })
      const conversation = await s.web('pk_quiet')
      await s.say(conversation, 'one')
      while ((await completions()).length === 0) await passed(10)
      worker.kill('SIGKILL')
      await once(worker, 'exit')
      await handOff(conversation)
      await s.say(conversation, 'two')
      await s.sandbox.clearFaults()
      await s.workerProcess()
      const items = await s.settled(conversation)
      expect(items.flatMap((item) => (item.role === 'user' ? [item.status] : []))).toEqual([status, 'handed_off'])
      expect((await said(conversation)).flat()).toEqual(heard)
      expect(await completions()).toHaveLength(1)
      await resume(conversation)
      await s.say(conversation, 'three')
      await s.settled(conversation)
      expect((await said(conversation)).flat()).toEqual([...heard, 'three'])
    },
    180_000,
  )
})
