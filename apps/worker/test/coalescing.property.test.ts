import { once } from 'node:events'
import { setTimeout as passed } from 'node:timers/promises'
import { type Conversation, ConversationDeadLetters } from '@chatlane/core'
import { afterEach, expect, it } from 'vitest'
import { randomFrom } from './random.ts'
import { NUMBER, type Stage, stage } from './stage.ts'

let s: Stage
afterEach(() => s.stop())

const PEOPLE = 8
const BURSTS = 5
const FAILED = 'Sorry, that went wrong.'

const routes = `
sms:
  - sender: "${NUMBER}"
    inbound_agents: [{ agent_id: chat_agent_a }]
    failure_message: "${FAILED}"
    coalesce_window_ms: 300
    coalesce_max_wait_ms: 900
`

const spoilt = [
  { kind: 'status', status: 500, when: 'before' },
  { kind: 'status', status: 500, when: 'after' },
  { kind: 'status', status: 503, when: 'after' },
  { kind: 'drop', when: 'before' },
  { kind: 'drop', when: 'after' },
  { kind: 'hang', when: 'before', ms: 300 },
  { kind: 'hang', when: 'after' },
  { kind: 'status', status: 429, retry_after_s: 1 },
] as const

async function breakThings(seed: number): Promise<void> {
  const refused = { text_contains: 'refused' }
  await s.sandbox.setFaults({
    seed,
    latency: { distribution: 'lognormal', median_ms: 30, sigma: 1, max_ms: 300 },
    rules: [
      { target: 'uponai', operation: 'completion', match: refused, fault: { kind: 'status', status: 400 } },
      { target: 'uponai', operation: 'completion', probability: 0.05, fault: { kind: 'end-chat' } },
      ...spoilt.map((fault) => ({
        target: 'uponai' as const,
        operation: 'completion' as const,
        probability: 0.05,
        fault,
      })),
      ...spoilt.map((fault) => ({ target: 'uponai' as const, operation: 'get' as const, probability: 0.01, fault })),
    ],
  })
}

interface Person {
  from: string
  conversation: Conversation
  /** Texts in the order in which they were accepted. */
  texts: string[]
}

async function burst(person: Person, random: () => number): Promise<void> {
  const count = 1 + Math.floor(random() * 5)
  for (let n = 0; n < count; n++) {
    const text = `${random() < 0.06 ? 'refused' : 'text'} ${person.from.at(-1)}.${person.texts.length}`
    const sid = `SM${crypto.randomUUID().replaceAll('-', '')}`
    await s.text(person.from, text, sid)
    person.texts.push(text)
    if (random() < 0.1) await s.text(person.from, text, sid)
    await passed(random() * 200)
  }
  await passed(random() * 1_000)
}

/** The texts that were said, each as it was said, in order. */
async function saidIn({ conversation: { id } }: Person): Promise<string[]> {
  const chats = (await s.sandbox.chats()).filter(({ metadata }) => metadata?.conversation_id === id)
  return chats.flatMap(({ messages }) => messages.flatMap((m) => (m.role === 'user' ? [m.content ?? ''] : [])))
}

const linesOf = (texts: readonly string[]) => texts.flatMap((text) => text.split('\n'))

it('every message is in exactly one completion or one dead letter, in order, whatever fails and whoever dies', async () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9))
  console.log(`coalescing under random faults: SEED=${seed}`)
  const random = randomFrom(seed)
  const named = random() < 0.3
  s = await stage({
    dialect: random() < 0.5 ? 'rest' : 'rpc',
    routes,
    env: {
      UPONAI_TIMEOUT_MS: '1500',
      UPONAI_COMPLETION_TIMEOUT_MS: '1500',
      TURN_ATTEMPTS: '40',
      TURN_BACKOFF_MS: '20',
      QUEUE_SHARDS: '2',
    },
    settings: { message_roles: named, message_ids: named, message_timestamps: named },
  })
  await breakThings(seed)
  const doomed = await s.workerProcess()
  const people = await Promise.all(
    Array.from({ length: PEOPLE }, async (_, n): Promise<Person> => {
      const from = `+1415555010${n}`
      return { from, conversation: await s.text(from, `first ${n}`), texts: [`first ${n}`] }
    }),
  )
  const dying = async () => {
    await passed(1_500 + random() * 2_000)
    doomed.kill('SIGKILL')
    await once(doomed, 'exit')
    await s.workerProcess()
    await s.replaceWorker()
  }
  const write = async (person: Person, own: () => number) => {
    for (let n = 0; n < BURSTS; n++) await burst(person, own)
  }
  await Promise.all([dying(), ...people.map((person) => write(person, randomFrom(random() * 2 ** 32)))])

  const isDone = (items: { role: string }[], { texts }: Person) =>
    items.filter(({ role }) => role === 'user').length === texts.length
  for (const person of people) await s.settled(person.conversation, (items) => isDone(items, person))

  const dead = await s.lanes.deadLetters.list(1_000)
  const history = await s.sandbox.history()
  let together = 0
  for (const person of people) {
    const { conversation, texts, from } = person
    const mine = dead.filter(({ lane }) => lane === conversation.id)
    const given = new Set(texts.filter((text) => mine.some(({ data }) => JSON.parse(data).text === text)))
    expect(mine.filter(({ reason }) => reason !== 'uponai_rejected')).toEqual([])
    const said = await saidIn(person)
    together += linesOf(said).length - said.length
    expect(linesOf(said), `said by ${from}`).toEqual(texts.filter((text) => !given.has(text)))

    // A bad text harms itself only, whatever it was said together with.
    expect([...given]).toEqual(texts.filter((text) => text.startsWith('refused')))
    const { items } = await s.conversations.messages(conversation.id, '0', 1_000)
    const answers = items.filter(({ role }) => role === 'agent').map(({ text }) => text)
    expect(answers, `answers to ${from}`).toEqual(said.map((text) => `echo: ${text}`))
    const users = items.filter(({ role }) => role === 'user')
    expect(users.map(({ text }) => text)).toEqual(texts)
    expect(users.map(({ status }) => status)).toEqual(texts.map((text) => (given.has(text) ? 'failed' : 'answered')))
    expect(items.filter(({ text }) => text === FAILED)).toHaveLength(given.size)
    const got = history.flatMap((e) =>
      e.kind === 'twilio' && e.operation === 'message-create' && e.effect && e.to === from ? [e.body] : [],
    )
    expect(got, `sent to ${from}`).toEqual(items.filter(({ role }) => role !== 'user').map(({ text }) => text))
  }
  expect(together).toBeGreaterThan(0)
  const chats = await s.sandbox.chats()
  expect(chats.filter(({ max_in_flight, max_working }) => max_in_flight > 1 || max_working > 1)).toEqual([])

  // Replayed, each is a message like any other.
  await s.sandbox.clearFaults()
  const { redis, lanes, deliveries, webhooks } = s
  const prefix = s.environment.REDIS_PREFIX ?? ''
  await new ConversationDeadLetters({ redis, prefix, lanes, deliveries, webhooks }).replayAll({})
  for (const person of people) {
    await s.settled(person.conversation)
    expect(linesOf(await saidIn(person)).toSorted()).toEqual(person.texts.toSorted())
  }
  expect(await s.lanes.deadLetters.list()).toEqual([])
})
