import { setTimeout as passed } from 'node:timers/promises'
import type { Conversation } from '@chatlane/core'
import { afterEach, expect, it } from 'vitest'
import { type Stage, stage } from './stage.ts'

/** What stops everyone's turns, and what it must not cost: with one try per message, any try that is spent is a dead letter. */

let s: Stage
afterEach(() => s.stop())

const ONE_TRY = { TURN_ATTEMPTS: '1' }

async function several(count: number): Promise<Conversation[]> {
  return Promise.all(Array.from({ length: count }, () => s.web('pk_quiet')))
}

async function allAnswered(conversations: Conversation[]): Promise<void> {
  for (const conversation of conversations) {
    const items = await s.settled(conversation)
    expect(items.filter(({ role }) => role === 'user').map(({ status }) => status)).not.toContain('failed')
  }
  expect(await s.lanes.deadLetters.list()).toEqual([])
}

const requests = async () => (await s.sandbox.history({ kind: 'uponai' })).filter((entry) => entry.kind === 'uponai')

it('the time that a 429 asks for is kept by every worker and every shard, and costs nobody a try', async () => {
  s = await stage({ workers: 2, env: { ...ONE_TRY, QUEUE_SHARDS: '3' } })
  const conversations = await several(12)
  await s.sandbox.setFaults({
    rules: [
      { target: 'uponai', operation: 'create', times: 1, fault: { kind: 'status', status: 429, retry_after_s: 3 } },
    ],
  })
  const [first, ...others] = conversations
  if (!first) throw new Error('expected conversations')
  await s.say(first, 'first')
  const refusal = async () => (await requests()).find(({ status }) => status === 429)
  while (!(await refusal())) await passed(10)
  // The other worker looks four times a second.
  await passed(500)
  for (const conversation of others) await s.say(conversation, 'while it pauses')
  await allAnswered(conversations)
  const at = (await refusal())?.answered_at ?? 0
  const early = (await requests()).filter((entry) => entry.at > at && entry.at < at + 2_900)
  expect(early).toEqual([])
})

it.each([
  ['refused credentials', 401],
  ['redirects', 301],
])('%s (%i) pause all turns, and nothing is spent until that is mended', async (_, status) => {
  s = await stage({ env: ONE_TRY })
  const conversations = await several(8)
  await s.sandbox.setFaults({ rules: [{ target: 'uponai', fault: { kind: 'status', status } }] })
  for (const conversation of conversations) await s.say(conversation, 'hello')
  while (!(await s.problem())?.startsWith('UponAI refuses our credentials')) await passed(20)
  const before = (await requests()).length
  for (const conversation of conversations) await s.say(conversation, 'are you there?')
  await passed(1_000)
  expect((await requests()).length - before).toBeLessThanOrEqual(2)
  await s.sandbox.clearFaults()
  await allAnswered(conversations)
  expect(await s.problem()).toBeUndefined()
})

it.each([302, 401, 402, 403])(
  'a refusal (%i) of one message alone spends its tries, makes it a dead letter, and holds up nobody else',
  async (status) => {
    s = await stage({ env: { TURN_ATTEMPTS: '3', LOG_LEVEL: 'silent' } })
    await s.sandbox.setFaults({
      rules: [{ target: 'uponai', operation: 'completion', match: { text: 'bad' }, fault: { kind: 'status', status } }],
    })
    const refused = await s.text('+14155550123', 'bad')
    while (!(await requests()).some((request) => request.status === status)) await passed(10)
    const other = await s.text('+14155550124', 'good')
    await s.settled(other)
    const next = await s.text('+14155550123', 'and this?')
    expect(next.id).toBe(refused.id)
    const items = await s.settled(refused, (all) => all.some(({ text }) => text === 'echo: and this?'))
    // The next message may be there before the tries of the refused one are spent, or after.
    expect(items.map(({ text, status, reason }) => [text, status, reason]).toSorted()).toEqual([
      ['Sorry, that went wrong.', 'sent', undefined],
      ['and this?', 'answered', undefined],
      ['bad', 'failed', 'attempts_exhausted'],
      ['echo: and this?', 'sent', undefined],
    ])
    expect((await requests()).filter((request) => request.status === status)).toHaveLength(3)
    expect(await s.lanes.deadLetters.list()).toMatchObject([
      { reason: 'attempts_exhausted', detail: expect.stringContaining('UPONAI_FORBIDDEN') },
    ])
    expect(await s.problem()).toBeUndefined()
  },
)

it('an outage opens the circuit: it lasts as long as it likes and costs no message its tries', async () => {
  s = await stage({ env: { TURN_ATTEMPTS: '3', TURN_BACKOFF_MS: '100' } })
  const conversations = await several(40)
  await s.sandbox.setFaults({ rules: [{ target: 'uponai', fault: { kind: 'status', status: 503 } }] })
  for (const conversation of conversations) await s.say(conversation, 'hello')
  while ((await s.problem()) !== 'UponAI fails: turns wait until it answers') await passed(20)
  // What was on its way when the circuit opened.
  await passed(500)
  const before = (await requests()).length
  await passed(4_000)
  // Probes with growing pauses, instead of three tries each.
  expect((await requests()).length - before).toBeLessThan(6)
  await s.sandbox.clearFaults()
  await allAnswered(conversations)
  expect(await s.problem()).toBeUndefined()
})

it('completions that all fail open the circuit, though UponAI shows its chats', async () => {
  s = await stage({ env: { TURN_BACKOFF_MS: '20' } })
  const conversations = await several(20)
  await s.sandbox.setFaults({
    rules: [{ target: 'uponai', operation: 'completion', fault: { kind: 'status', status: 503 } }],
  })
  for (const conversation of conversations) await s.say(conversation, 'hello')
  while ((await s.problem()) !== 'UponAI fails: turns wait until it answers') await passed(20)
  await passed(8_000)
  // Each would have spent its eight tries by now.
  expect(await s.lanes.deadLetters.list()).toEqual([])
  await s.sandbox.clearFaults()
  await allAnswered(conversations)
})
