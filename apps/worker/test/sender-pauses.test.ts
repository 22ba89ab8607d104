import { type Conversation, ConversationDeadLetters, type LedgerItem, listPauses } from '@chatlane/core'
import { keysLike } from '@chatlane/dev'
import { afterEach, expect, it } from 'vitest'
import { z } from 'zod'
import { createsOf } from './creates.ts'
import { NUMBER, type Stage, stage } from './stage.ts'

const OTHER = '+15005550009'
const PERSON = '+14155550123'

const routes = `
sms:
  - sender: "${NUMBER}"
    inbound_agents: [{ agent_id: chat_agent_a }]
  - sender: "${OTHER}"
    inbound_agents: [{ agent_id: chat_agent_a }]
`

/** The machine may be busy. */
const eventually = <T>(look: () => T) => expect.poll(look)

let s: Stage
afterEach(() => s.stop())

const creates = () => createsOf(s)

const refuse = (code: number, match: { to?: string; times?: number } = {}) =>
  s.sandbox.setFaults({
    rules: [
      {
        target: 'twilio',
        operation: 'message-create',
        match: { from: NUMBER, ...(match.to !== undefined && { to: match.to }) },
        ...(match.times !== undefined && { times: match.times }),
        fault: { kind: 'status', status: 400, code },
      },
    ],
  })

const ours = (items: LedgerItem[]) => items.filter(({ role }) => role === 'agent')
const holds = () => keysLike(s.redis, `*${s.environment.REDIS_PREFIX}*:hold*`)

/** Since when a sender pauses, if one does; a mere suspicion is none. */
const paused = async () =>
  (await Promise.all((await holds()).map((key) => s.redis.hmget(key, 'begun', 'by')))).filter(([, by]) => by === null)

/** As if a pause had begun, and ended, so much earlier. */
async function letPass(ms: number): Promise<void> {
  for (const key of await holds()) for (const field of ['until', 'begun']) await s.redis.hincrby(key, field, -ms)
}

/** What is seen once all that waits for its next try has come now instead. */
async function hurried<T>(look: () => Promise<T>): Promise<T> {
  for (const job of await s.deliveries.queue(0).getDelayed()) await job.promote().catch(() => {})
  return look()
}

const messages = async ({ id }: Conversation) => (await s.conversations.messages(id, '0', 10)).items

async function fromOther(text: string) {
  const origin = { channel: 'sms', participant: PERSON, sender: OTHER, agentId: 'chat_agent_a' } as const
  const { conversationId } = await s.conversations.acceptFrom(origin, { text, key: `SM${text}` })
  const conversation = await s.conversations.find(conversationId)
  if (!conversation) throw new Error('expected the conversation')
  return conversation
}

const answered = (conversation: Conversation) =>
  eventually(async () => ours(await messages(conversation))).toMatchObject([{ status: 'sent' }])

it.each([
  [21606, 'failed'],
  [21612, 'failed'],
  [21703, 'failed'],
  [29999, 'failed'],
  [21659, 'queued'],
  [21212, 'queued'],
])('%i for one person’s message leaves it %s and holds up nobody else', async (code, status) => {
  s = await stage({ routes, env: { LOG_LEVEL: 'silent', TURN_ATTEMPTS: '1' } })
  await refuse(code, { to: PERSON })
  const refused = await s.text(PERSON, 'one')
  await eventually(async () => (await creates()).length).toBe(1)
  for (const person of ['+14155550124', '+447911123456', '+14155550125']) await answered(await s.text(person, 'two'))
  expect(await paused()).toEqual([])
  await eventually(async () => ours(await messages(refused))).toMatchObject([{ status }])
  expect(await s.conversations.flaggedNumbers.isFlagged(PERSON)).toBeUndefined()
  expect(await (await fetch(`${s.workerUrl}/metrics`)).text()).toContain(
    `chatlane_twilio_errors_total{code="${code}",known="${code !== 29999}"} 1`,
  )
})

it('a sender whose messages to two people Twilio refuses pauses, all wait, and another sender goes on', async () => {
  s = await stage({ routes, env: { LOG_LEVEL: 'silent', TURN_ATTEMPTS: '1' } })
  await refuse(21660)
  const first = await s.text(PERSON, 'one')
  await eventually(holds).toHaveLength(1)
  const second = await s.text('+14155550124', 'two')
  await eventually(paused).toHaveLength(1)
  const third = await s.text('+14155550126', 'two')
  const other = await fromOther('three')
  await s.settled(other, (all) => ours(all).some(({ status }) => status === 'sent'))
  await eventually(async () => (await s.deliveries.queue(0).getDelayed()).length).toBe(3)
  const answer = await fetch(`${s.workerUrl}/readyz`)
  const seen = z.object({ status: z.literal('ready'), notes: z.array(z.string()) }).parse(await answer.json())
  expect(seen.notes).toEqual([
    expect.stringMatching(
      /^\+1•+0006 sends nothing: .*another Twilio account\. Since \S+Z, next try \S+Z, \d waiting$/,
    ),
  ])
  expect(await (await fetch(`${s.workerUrl}/metrics`)).text()).toContain(
    'chatlane_senders_paused{reason="twilio_21660"} 1',
  )
  // However long that lasts, nobody's answer is given up because of the others'.
  await letPass(6 * 60_000)
  expect(ours(await messages(third))).toMatchObject([{ status: 'queued' }])

  await s.sandbox.clearFaults()
  // One goes ahead, and with that all may go.
  await eventually(() => hurried(holds)).toEqual([])
  for (const conversation of [first, second, third])
    await eventually(() => hurried(async () => ours(await messages(conversation)))).toMatchObject([{ status: 'sent' }])
})

/** A message of ours, to its own conversation, that has been waiting for so long. */
async function waitingFor(ms: number) {
  const conversation = await s.web()
  const id = `${Date.now() - ms}-0`
  const key = `{${s.environment.REDIS_PREFIX}:0}:ledger:${conversation.id}`
  await s.redis.xadd(key, id, 'k', 'm', 'r', 'agent', 'x', 'late', 'c', 'sms', 's', 'queued')
  const item = { to: '+14155550125', from: NUMBER, text: 'late' }
  await s.deliveries.add(conversation.id, { id, data: JSON.stringify(item) })
  return conversation
}

/** As if the first refusal of the conversation's message had come so much earlier. */
async function refusedEarlier({ id }: Conversation, ms: number): Promise<void> {
  const record = `{${s.environment.REDIS_PREFIX}:0}:conversation:${id}`
  const state = async () =>
    z.looseObject({ since: z.number() }).safeParse(JSON.parse((await s.redis.hget(record, 'sending')) ?? '{}'))
  await eventually(async () => (await state()).success).toBe(true)
  const { data } = await state()
  await s.redis.hset(record, 'sending', JSON.stringify({ ...data, since: (data?.since ?? 0) - ms }))
}

it('a message that such a sender is refused for minutes is a dead letter, and goes out when it is replayed', async () => {
  s = await stage({ routes, env: { LOG_LEVEL: 'silent' } })
  await refuse(21660)
  const conversation = await waitingFor(6 * 60_000)
  await refusedEarlier(conversation, 6 * 60_000)
  const words = { reason: 'twilio_21660', reason_text: expect.stringContaining('another Twilio account') }
  await eventually(() => hurried(() => messages(conversation))).toMatchObject([{ status: 'failed', ...words }])
  expect(await s.deliveries.deadLetters.list()).toMatchObject([{ lane: conversation.id, reason: 'twilio_21660' }])
  await s.sandbox.clearFaults()
  const { redis, lanes, deliveries, webhooks } = s
  const prefix = s.environment.REDIS_PREFIX ?? ''
  await new ConversationDeadLetters({ redis, prefix, lanes, deliveries, webhooks }).replayAll({})
  await eventually(() => messages(conversation)).toMatchObject([{ status: 'sent' }])
})

it('a loop that Twilio stopped is waited for, holds up nobody else, and is broken', async () => {
  s = await stage({ routes })
  await refuse(14107)
  const conversation = await waitingFor(6 * 60_000)
  await refusedEarlier(conversation, 3 * 60_000)
  expect(await holds()).toEqual([])
  await eventually(() => hurried(() => messages(conversation))).toMatchObject([
    { status: 'failed', reason: 'twilio_14107' },
  ])
  expect(await creates()).toHaveLength(2)
})

it('a refusal because of the person opts them out, one because of the number flags it, and neither is tried again', async () => {
  s = await stage({ routes })
  await refuse(21610, { times: 1 })
  const out = await s.text(PERSON, 'hi')
  await s.settled(out, (all) => ours(all).some(({ status }) => status === 'failed'))
  expect(await s.conversations.isOptedOut(out)).toBe(true)
  await refuse(21614, { times: 1 })
  const landline = await s.text('+14155550124', 'hi')
  await s.settled(landline, (all) => ours(all).some(({ status }) => status === 'failed'))
  expect(await s.conversations.flaggedNumbers.isFlagged('+14155550124')).toMatchObject({ reason: 'twilio_21614' })
  expect(await creates()).toHaveLength(2)
})

it('a refusal of our credentials for one person’s message alone spends its tries, and holds up nobody else', async () => {
  s = await stage({ routes, env: { LOG_LEVEL: 'silent', TURN_ATTEMPTS: '2' } })
  const fault = { kind: 'status', status: 403, code: 20403 } as const
  const rule = { target: 'twilio', operation: 'message-create', fault } as const
  await s.sandbox.setFaults({ rules: [{ ...rule, match: { to: PERSON } }] })
  const refused = await s.text(PERSON, 'one')
  await eventually(async () => (await creates()).length).toBeGreaterThan(0)
  await answered(await s.text('+14155550124', 'two'))
  await eventually(() => hurried(async () => ours(await messages(refused)))).toMatchObject([
    { status: 'failed', reason: 'attempts_exhausted' },
  ])
  expect(await s.deliveries.deadLetters.list()).toMatchObject([{ lane: refused.id, reason: 'attempts_exhausted' }])
})

it('a refusal for two people’s messages makes all wait, and nobody’s tries are spent after that', async () => {
  s = await stage({ routes, env: { LOG_LEVEL: 'silent', TURN_ATTEMPTS: '2', TURN_BACKOFF_MS: '60000' } })
  const fault = { kind: 'status', status: 401 } as const
  await s.sandbox.setFaults({ rules: [{ target: 'twilio', operation: 'message-create', match: {}, fault }] })
  const pause = async () =>
    (
      await listPauses(
        { uponai: s.lanes, twilio: s.deliveries, webhooks: s.webhooks },
        s.environment.REDIS_PREFIX ?? '',
      )
    ).items
  await s.text(PERSON, 'one')
  await eventually(async () => (await creates()).length).toBe(1)
  await s.text('+14155550124', 'two')
  await eventually(pause).toMatchObject([
    {
      scope: 'account',
      provider: 'twilio',
      sender: null,
      reason: 'credentials',
      until: expect.any(String),
      waiting: 2,
    },
  ])
  await s.text('+14155550125', 'three')
  await eventually(async () => (await pause())[0]?.waiting).toBe(3)
  expect(await creates()).toHaveLength(2)
  expect(await s.deliveries.deadLetters.list()).toEqual([])
})
