import type { Conversation, LedgerItem } from '@chatlane/core'
import { keysLike } from '@chatlane/dev'
import { afterEach, expect, it } from 'vitest'
import { createsOf } from './creates.ts'
import { NUMBER, type Stage, stage } from './stage.ts'

const FAST = '+15005550009'
const SLOW = '+15005550010'
const WHATSAPP = `whatsapp:${NUMBER}`

const routes = `
sms:
  - sender: "${SLOW}"
    inbound_agents: [{ agent_id: chat_agent_a }]
    max_per_second: 0.01
  - sender: "${NUMBER}"
    inbound_agents: [{ agent_id: chat_agent_a }]
    max_per_second: 2
  - sender: "${FAST}"
    inbound_agents: [{ agent_id: chat_agent_a }]
  - sender: "${WHATSAPP}"
    inbound_agents: [{ agent_id: chat_agent_a }]
    max_per_second: 2
`
/** What one segment takes of a second, ms. */
const SEGMENT_MS = 500
/** A message may go this much ahead of its place, for clocks and timers. */
const AHEAD_MS = 150

/** The machine may be busy. */
const eventually = <T>(look: () => T) => expect.poll(look)

let s: Stage
afterEach(() => s.stop())

const creates = () => createsOf(s)

const ours = (items: LedgerItem[]) => items.filter(({ role }) => role === 'agent')
const sent = (count: number) => (items: LedgerItem[]) =>
  ours(items).filter(({ status }) => status === 'sent').length === count

const person = (i: number) => `+1415555${String(i).padStart(4, '0')}`

async function open(sender: string, participant: string): Promise<Conversation> {
  const channel = sender.startsWith('whatsapp:') ? 'whatsapp' : 'sms'
  const origin = { channel, participant, sender, agentId: 'chat_agent_a' } as const
  const { conversationId } = await s.conversations.acceptFrom(origin, { text: 'tell', key: crypto.randomUUID() })
  const conversation = await s.conversations.find(conversationId)
  if (!conversation) throw new Error('expected the conversation')
  return conversation
}

it('sends what many conversations have to say one after the other, over all workers, and each once', async () => {
  s = await stage({ routes, workers: 2 })
  const began = Date.now()
  const all = await Promise.all(Array.from({ length: 12 }, (_, i) => s.text(person(i), `hi ${i}`)))
  for (const conversation of all) await s.settled(conversation, sent(1))
  const times = (await creates()).map(({ at }) => at)
  expect(times).toHaveLength(12)
  for (const [i, at] of times.entries()) expect(at - began).toBeGreaterThanOrEqual(i * SEGMENT_MS - AHEAD_MS)
})

it('counts segments: what is in none of the GSM letters takes more of them, and a long text goes all the same', async () => {
  s = await stage({ routes })
  const long = 'я'.repeat(71)
  await s.sandbox.setScript({ rules: [{ text: 'tell', answer: [long, long, 'short'] }] })
  const began = Date.now()
  const conversation = await s.text(person(1), 'tell')
  await s.settled(conversation, sent(3))
  const [first, second, third] = await creates()
  expect([first?.body, second?.body, third?.body]).toEqual([long, long, 'short'])
  // Two segments each.
  expect((second?.at ?? 0) - began).toBeGreaterThanOrEqual(2 * SEGMENT_MS - AHEAD_MS)
  expect((third?.at ?? 0) - began).toBeGreaterThanOrEqual(4 * SEGMENT_MS - AHEAD_MS)
})

it('counts messages on WhatsApp', async () => {
  s = await stage({ routes })
  const long = 'я'.repeat(700)
  await s.sandbox.setScript({ rules: [{ text: 'tell', answer: [long, 'short'] }] })
  const conversation = await open(WHATSAPP, `whatsapp:${person(1)}`)
  await s.settled(conversation, sent(2))
  const [key = ''] = await keysLike(s.redis, `*${s.environment.REDIS_PREFIX}*:pace`)
  // Eleven segments would have the sender busy for five seconds.
  expect(await s.redis.pttl(key)).toBeLessThanOrEqual(SEGMENT_MS)
})

it('lets another sender go ahead, whose messages take no slot of those that wait', async () => {
  s = await stage({ routes, env: { WORKER_CONCURRENCY: '1' } })
  await s.sandbox.setScript({ rules: [{ text: 'tell', answer: ['1', '2', '3'] }] })
  for (let i = 0; i < 3; i++) await open(SLOW, person(i))
  await eventually(async () => (await creates()).length).toBe(1)
  const fast = await open(FAST, person(1))
  await s.settled(fast, sent(3))
  expect((await creates()).filter(({ from }) => from === SLOW)).toHaveLength(1)
})

it('keeps the order of a conversation', async () => {
  s = await stage({ routes })
  const answer = ['1', '2', '3', '4', '5', '6']
  await s.sandbox.setScript({ rules: [{ text: 'tell', answer }] })
  await s.settled(await s.text(person(1), 'tell'), sent(6))
  expect((await creates()).map(({ body }) => body)).toEqual(answer)
})

it('asks for a place once per message, however many wait', async () => {
  s = await stage({ routes })
  const all = await Promise.all(Array.from({ length: 10 }, (_, i) => s.text(person(i), 'hi')))
  for (const conversation of all) await s.settled(conversation, sent(1))
  const metrics = await (await fetch(`${s.workerUrl}/metrics`)).text()
  const later = Number(/chatlane_deliveries_total\{outcome="later"\} (\d+)/.exec(metrics)?.[1] ?? 0)
  expect(later).toBeGreaterThan(0)
  expect(later).toBeLessThanOrEqual(all.length)
})
