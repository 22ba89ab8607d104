import { keysLike } from '@chatlane/dev'
import { afterEach, describe, expect, it } from 'vitest'
import { type Stage, stage } from './stage.ts'

let s: Stage
afterEach(() => s.stop())

const said = (items: { role: string; text: string }[]) => items.map(({ role, text }) => `${role}: ${text}`)

/** What the chats truly hold, as `role: text`. */
async function history(): Promise<string[][]> {
  const chats = await s.sandbox.chats()
  return chats.map((chat) =>
    chat.messages.flatMap(({ role, content }) => (content === undefined ? [] : [`${role}: ${content}`])),
  )
}

describe.each(['rest', 'rpc'] as const)('a turn, %s dialect', (dialect) => {
  it('answers messages in the order in which they were accepted, in one chat', async () => {
    s = await stage({ dialect })
    const conversation = await s.web('pk_quiet')
    for (const text of ['one', 'two', 'three']) await s.say(conversation, text)
    const items = await s.settled(conversation)
    expect(said(items.filter(({ role }) => role === 'agent'))).toEqual([
      'agent: echo: one',
      'agent: echo: two',
      'agent: echo: three',
    ])
    expect(items.every(({ status }) => status === 'answered' || status === 'delivered')).toBe(true)
    const chats = await s.sandbox.chats()
    expect(chats).toMatchObject([{ completions: 3, max_in_flight: 1, metadata: { conversation_id: conversation.id } }])
    expect(await history()).toEqual([
      ['user: one', 'agent: echo: one', 'user: two', 'agent: echo: two', 'user: three', 'agent: echo: three'],
    ])
  })

  it('gives several agent messages, none, and leaves tool calls out', async () => {
    s = await stage({ dialect })
    await s.sandbox.setScript({
      rules: [
        {
          text: 'many',
          answer: ['a', { role: 'tool_call_invocation', name: 'look', tool_call_id: 't', arguments: '{}' }, 'b'],
        },
        { text: 'none', answer: [] },
      ],
    })
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'many')
    await s.say(conversation, 'none')
    await s.say(conversation, 'then')
    const items = await s.settled(conversation)
    expect(said(items.filter(({ role }) => role === 'agent'))).toEqual(['agent: a', 'agent: b', 'agent: echo: then'])
    expect(items.filter(({ role }) => role === 'user').map(({ status }) => status)).toEqual([
      'answered',
      'answered',
      'answered',
    ])
  })

  it('shows a greeting on the web before anything was said, and hides it where the route says so', async () => {
    s = await stage({ dialect })
    await s.sandbox.setScript({ rules: [{ greeting: ['Good morning!'] }] })
    const shown = await s.web()
    expect(said(await s.settled(shown, (items) => items.length === 1))).toEqual(['agent: Good morning!'])
    const hidden = await s.web('pk_quiet')
    await s.say(hidden, 'hi')
    expect(said(await s.settled(hidden))).toEqual(['user: hi', 'agent: echo: hi'])
  })

  it('keeps a greeting that no visitor answers for hours only', async () => {
    s = await stage({ dialect })
    await s.sandbox.setScript({ rules: [{ greeting: ['Good morning!'] }] })
    const origin = { agentId: 'chat_agent_a', publicKey: 'pk_test' }
    const conversation = await s.conversations.openWeb(origin, { byVisitor: true })
    await s.settled(conversation, (items) => items.length === 1)
    const keys = await keysLike(s.redis, `*:${conversation.id}`)
    expect(keys.length).toBeGreaterThan(1)
    for (const key of keys) {
      const seconds = await s.redis.ttl(key)
      expect([key, seconds > 0 && seconds <= 12 * 3_600]).toEqual([key, true])
    }
  })

  it('opens a new chat for the message that finds its chat over', async () => {
    s = await stage({ dialect })
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'before')
    await s.settled(conversation)
    const [chat] = await s.sandbox.chats()
    await s.sandbox.endChat(chat?.chat_id ?? '')
    await s.say(conversation, 'after')
    await s.settled(conversation)
    expect(await history()).toEqual(
      expect.arrayContaining([
        ['user: before', 'agent: echo: before'],
        ['user: after', 'agent: echo: after'],
      ]),
    )
  })

  it('sends nothing to a chat of which it was told that it is over', async () => {
    s = await stage({ dialect })
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'before')
    await s.settled(conversation)
    const [chat] = await s.sandbox.chats()
    await s.conversations.noteChatEnded(conversation.id, chat?.chat_id ?? '')
    await s.say(conversation, 'after')
    await s.settled(conversation)
    expect((await s.sandbox.chats()).map(({ completions }) => completions)).toEqual([1, 1])
  })

  it.each([
    ['500 before the effect', { kind: 'status', status: 500, when: 'before' }],
    ['500 after the effect', { kind: 'status', status: 500, when: 'after' }],
    ['503 after the effect', { kind: 'status', status: 503, when: 'after' }],
    ['a connection lost before the effect', { kind: 'drop', when: 'before' }],
    ['a connection lost after the effect', { kind: 'drop', when: 'after' }],
    ['a time-out after the effect', { kind: 'hang', when: 'after' }],
    ['429 with Retry-After', { kind: 'status', status: 429, retry_after_s: 1 }],
  ] as const)('says a text once after %s, without roles in the history', async (_name, fault) => {
    s = await stage({ dialect, settings: { message_roles: false, message_ids: false, message_timestamps: false } })
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'same')
    await s.settled(conversation)
    await s.sandbox.setFaults({ rules: [{ target: 'uponai', operation: 'completion', times: 1, fault }] })
    await s.say(conversation, 'same')
    await s.say(conversation, 'same')
    const items = await s.settled(conversation)
    expect((await s.sandbox.faultCounts())[0]?.injected).toBe(1)
    expect(await history()).toEqual([Array.from({ length: 3 }, () => ['user: same', 'agent: echo: same']).flat()])
    expect(said(items).toSorted()).toEqual([...Array(3).fill('agent: echo: same'), ...Array(3).fill('user: same')])
    expect((await s.sandbox.chats())[0]?.max_in_flight).toBe(1)
  })

  it('leaves no second chat behind after a create of unclear outcome', async () => {
    s = await stage({ dialect })
    await s.sandbox.setFaults({
      rules: [{ target: 'uponai', operation: 'create', times: 1, fault: { kind: 'drop', when: 'after' } }],
    })
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'hi')
    await s.settled(conversation)
    expect(await history()).toEqual([['user: hi', 'agent: echo: hi']])
  })

  it('dead-letters a message that is refused for good, says so once, and goes on', async () => {
    s = await stage({ dialect })
    await s.sandbox.setFaults({
      rules: [
        {
          target: 'uponai',
          operation: 'completion',
          match: { text: 'bad' },
          fault: { kind: 'status', status: 400 },
        },
      ],
    })
    const conversation = await s.text('+14155550123', 'bad')
    await s.text('+14155550123', 'good')
    const items = await s.settled(conversation, (all) => all.length === 4)
    expect(items.map(({ role, text, status }) => [role, text, status])).toEqual([
      ['user', 'bad', 'failed'],
      ['user', 'good', 'answered'],
      ['system', 'Sorry, that went wrong.', 'sent'],
      ['agent', 'echo: good', 'sent'],
    ])
    expect(await s.lanes.deadLetters.list()).toMatchObject([
      { lane: conversation.id, reason: 'uponai_rejected', tries: 1 },
    ])
  })
})

describe('tries', () => {
  it('come to an end with a dead letter that can be replayed', async () => {
    s = await stage({ env: { TURN_ATTEMPTS: '2', TURN_BACKOFF_MS: '10' } })
    const down = {
      target: 'uponai',
      operation: 'completion',
      fault: { kind: 'status', status: 500, when: 'before' },
    } as const
    await s.sandbox.setFaults({ rules: [down] })
    const conversation = await s.web('pk_quiet')
    const id = await s.say(conversation, 'hello')
    const failed = await s.settled(conversation)
    expect(failed).toMatchObject([{ id, status: 'failed', reason: 'attempts_exhausted' }])
    await s.sandbox.clearFaults()
    expect(await s.lanes.deadLetters.replay(conversation.id, id)).toBe(true)
    const items = await s.settled(conversation, (all) => all.length === 2)
    expect(said(items)).toEqual(['user: hello', 'agent: echo: hello'])
    expect(await s.lanes.deadLetters.list()).toEqual([])
  })

  it('of one conversation do not hold up another', async () => {
    s = await stage({})
    await s.sandbox.setFaults({
      rules: [
        {
          target: 'uponai',
          operation: 'completion',
          match: { text: 'stuck' },
          fault: { kind: 'hang', when: 'before' },
        },
      ],
    })
    const slow = await s.web('pk_quiet')
    await s.say(slow, 'stuck')
    const other = await s.web('pk_quiet')
    await s.say(other, 'quick')
    expect(said(await s.settled(other))).toEqual(['user: quick', 'agent: echo: quick'])
    expect(await s.conversations.waiting(slow)).toBe(1)
  })
})
