import { setTimeout as passed } from 'node:timers/promises'
import type { Conversation } from '@chatlane/core'
import { afterEach, expect, it } from 'vitest'
import { randomFrom } from './random.ts'
import { NUMBER, type Stage, stage } from './stage.ts'

let s: Stage
afterEach(() => s.stop())

const AGENT = 'chat_agent_a'
const CLOSE_AFTER_MS = 1_000
const MESSAGES = 10

const routes = `
sms:
  - sender: "${NUMBER}"
    inbound_agents: [{ agent_id: ${AGENT} }]
    auto_close_after_ms: ${CLOSE_AFTER_MS}
    auto_close_message: "Closing for now."
web:
  - public_key: pk_greeted
    allowed_origins: ["https://www.example.com"]
    agent_id: ${AGENT}
    greeting: show
    auto_close_after_ms: ${CLOSE_AFTER_MS}
  - public_key: pk_quiet
    allowed_origins: ["https://www.example.com"]
    agent_id: ${AGENT}
    greeting: hide
    auto_close_after_ms: ${CLOSE_AFTER_MS}
    auto_close_message: "Bye for now."
`

/** Ways in which a call may fail: its outcome clear or not, its effect there or not. */
const spoilt = [
  { kind: 'status', status: 500, when: 'before' },
  { kind: 'status', status: 500, when: 'after' },
  { kind: 'status', status: 503, when: 'after' },
  { kind: 'status', status: 504, when: 'before' },
  { kind: 'drop', when: 'before' },
  { kind: 'drop', when: 'after' },
  { kind: 'hang', when: 'before', ms: 300 },
  { kind: 'hang', when: 'after', ms: 300 },
  { kind: 'hang', when: 'after' },
  { kind: 'status', status: 429, retry_after_s: 1 },
] as const

async function breakThings(seed: number): Promise<void> {
  const uponai = (operation: 'create' | 'completion' | 'get' | 'list' | 'end', probability: number) =>
    spoilt.map((fault) => ({ target: 'uponai' as const, operation, probability, fault }))
  await s.sandbox.setFaults({
    seed,
    latency: { distribution: 'lognormal', median_ms: 15, sigma: 1, max_ms: 200 },
    rules: [
      { target: 'uponai', operation: 'completion', probability: 0.05, fault: { kind: 'end-chat' } },
      ...uponai('completion', 0.03),
      ...uponai('create', 0.05),
      ...uponai('get', 0.01),
      ...uponai('list', 0.01),
      ...uponai('end', 0.03),
      ...spoilt
        // A time-out of Twilio's takes 15 s.
        .filter((fault) => fault.kind !== 'hang' || 'ms' in fault)
        .map((fault) => ({
          target: 'twilio' as const,
          operation: 'message-create' as const,
          probability: 0.03,
          fault,
        })),
      { target: 'twilio', operation: 'message-list', probability: 0.1, fault: { kind: 'status', status: 500 } },
    ],
  })
}

interface Talk {
  conversation: Conversation
  /** Texts in the order in which they were accepted. */
  texts: string[]
  /** Sends a text; the same key again is a repeat by the sender. */
  send(text: string, key: string): Promise<string>
}

async function webTalk(publicKey: string): Promise<Talk> {
  const conversation = await s.web(publicKey)
  return {
    conversation,
    texts: [],
    send: async (text, key) => (await s.conversations.accept(conversation, { text, key })).status,
  }
}

async function smsTalk(from: string): Promise<Talk> {
  const conversation = await s.text(from, 'hello')
  const origin = { channel: 'sms' as const, participant: from, sender: NUMBER, agentId: AGENT }
  return {
    conversation,
    texts: ['hello'],
    send: async (text, key) => (await s.conversations.acceptFrom(origin, { text, key })).status,
  }
}

async function talk({ conversation, texts, send }: Talk, random: () => number): Promise<void> {
  for (let n = 0; n < MESSAGES; n++) {
    // Long enough at times for the deadline to pass just before, with or just after the next message.
    const ms = random() < 0.3 ? CLOSE_AFTER_MS + random() * 1_500 : random() * 300
    await passed(ms)
    const text = random() < 0.7 ? 'same' : `text ${n}`
    expect(await send(text, `key ${n}`)).toBe('accepted')
    texts.push(text)
    if (random() < 0.1) expect(await send(text, `key ${n}`)).toBe('duplicate')
    if (random() < 0.05) await s.conversations.requestEnd(conversation)
  }
}

/** What the chats truly hold, checked against what was accepted and what the participants got. */
async function judge(talks: Talk[], greeting: string): Promise<void> {
  const chats = await s.sandbox.chats()
  const history = await s.sandbox.history()
  const endFailed = new Set(
    history.flatMap((e) => (e.kind === 'uponai' && e.operation === 'end' && e.fault ? [e.chat_id] : [])),
  )
  expect(chats.filter(({ max_in_flight, max_working }) => max_in_flight > 1 || max_working > 1)).toEqual([])
  expect(chats.filter(({ status }) => status !== 'ended').map(({ chat_id }) => chat_id)).toEqual([])
  const endedByUs = new Map(chats.filter((c) => c.ended_by === 'api').map((c) => [c.chat_id, c.ended_at ?? 0]))
  const tooLate = history.filter(
    (e) =>
      e.kind === 'uponai' &&
      e.operation === 'completion' &&
      !endFailed.has(e.chat_id) &&
      e.at > (endedByUs.get(e.chat_id ?? '') ?? Number.MAX_VALUE),
  )
  expect(tooLate).toEqual([])
  expect(await s.lanes.deadLetters.list()).toEqual([])

  for (const { conversation, texts } of talks) {
    const { id, channel, participant } = conversation
    const mine = chats.filter(({ metadata }) => metadata?.conversation_id === id)
    const said = mine.flatMap(({ messages }) => messages.flatMap((m) => (m.role === 'user' ? [m.content] : [])))
    expect(said, `said to UponAI in ${id}`).toEqual(texts)
    const replies = texts.map((text) => `echo: ${text}`)
    const { items } = await s.conversations.messages(id, '0', 1_000)
    const shown = items.filter(({ role, text }) => role === 'agent' && text !== greeting)
    expect(
      shown.map(({ text }) => text),
      `replies in ${id}`,
    ).toEqual(replies)
    const mineOnly = items.filter(({ role }) => role === 'user')
    expect(mineOnly.map(({ text, status }) => [text, status])).toEqual(texts.map((text) => [text, 'answered']))
    if (channel === 'web') continue
    expect(items.filter(({ role, status }) => role !== 'user' && status !== 'sent')).toEqual([])
    const got = history.flatMap((e) =>
      e.kind === 'twilio' && e.operation === 'message-create' && e.effect && e.to === participant ? [e.body] : [],
    )
    const queued = items.filter(({ role }) => role !== 'user').map(({ text }) => text)
    expect(got, `sent to ${participant}`).toEqual(queued)
  }
}

it('loses, doubles and reorders nothing under random faults', async () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9))
  console.log(`random faults: SEED=${seed}`)
  const random = randomFrom(seed)
  const named = random() < 0.3
  s = await stage({
    dialect: random() < 0.5 ? 'rest' : 'rpc',
    routes,
    workers: 3,
    env: {
      UPONAI_TIMEOUT_MS: '1500',
      UPONAI_COMPLETION_TIMEOUT_MS: '1500',
      TURN_ATTEMPTS: '40',
      TURN_BACKOFF_MS: '20',
      QUEUE_SHARDS: '2',
    },
    settings: { message_roles: named, message_ids: named, message_timestamps: named },
  })
  const greeting = 'Good morning!'
  await s.sandbox.setScript({ rules: [{ greeting: [greeting] }] })
  await breakThings(seed)
  const talks = await Promise.all([
    ...Array.from({ length: 4 }, () => webTalk('pk_quiet')),
    ...Array.from({ length: 3 }, () => webTalk('pk_greeted')),
    ...Array.from({ length: 5 }, (_, n) => smsTalk(`+1415555010${n}`)),
  ])
  const replacing = (async () => {
    for (let n = 0; n < 3; n++) {
      await passed(1_000 + random() * 2_000)
      await s.replaceWorker()
    }
  })()
  await Promise.all(talks.map((each) => talk(each, randomFrom(random() * 2 ** 32))))
  await replacing
  for (const { conversation, texts } of talks) {
    await s.settled(conversation, (items) => items.filter(({ role }) => role === 'user').length === texts.length)
    while (!(await s.conversations.find(conversation.id))?.closed) await passed(50)
    await s.settled(conversation)
  }
  await judge(talks, greeting)
})
