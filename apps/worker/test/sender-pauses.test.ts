import type { Conversation, LedgerItem } from '@chatlane/core'
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

const refuse = (code: number, times?: number) =>
  s.sandbox.setFaults({
    rules: [
      {
        target: 'twilio',
        operation: 'message-create',
        match: { from: NUMBER },
        ...(times !== undefined && { times }),
        fault: { kind: 'status', status: 400, code },
      },
    ],
  })

const ours = (items: LedgerItem[]) => items.filter(({ role }) => role === 'agent')
const holds = () => keysLike(s.redis, `*${s.environment.REDIS_PREFIX}*:hold`)

/** As if a pause had begun, and ended, so much earlier. */
async function letPass(ms: number): Promise<void> {
  const [key = ''] = await holds()
  const [until, begun, reason] = ((await s.redis.get(key)) ?? '').split(' ')
  await s.redis.set(key, `${Number(until) - ms} ${Number(begun) - ms} ${reason}`, 'KEEPTTL')
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

it('a sender that Twilio refuses pauses, its messages wait, and another sender goes on', async () => {
  s = await stage({ routes, env: { LOG_LEVEL: 'silent', TURN_ATTEMPTS: '1' } })
  await refuse(21606)
  const first = await s.text(PERSON, 'one')
  await eventually(holds).toHaveLength(1)
  const second = await s.text('+14155550124', 'two')
  const other = await fromOther('three')
  await s.settled(other, (all) => ours(all).some(({ status }) => status === 'sent'))
  await eventually(async () => (await s.deliveries.queue(0).getDelayed()).length).toBe(2)
  expect((await creates()).filter(({ from }) => from === NUMBER)).toHaveLength(1)
  const answer = await fetch(`${s.workerUrl}/readyz`)
  const seen = z.object({ status: z.literal('ready'), notes: z.array(z.string()) }).parse(await answer.json())
  expect(seen.notes).toEqual([expect.stringMatching(/^\+1•+0006 sends nothing: .*not one of the Twilio account/)])
  expect(await (await fetch(`${s.workerUrl}/metrics`)).text()).toContain(
    'chatlane_senders_paused{reason="twilio_21606"} 1',
  )

  await s.sandbox.clearFaults()
  await letPass(61_000)
  // One goes ahead, and with that all may go.
  await eventually(() => hurried(holds)).toEqual([])
  for (const conversation of [first, second])
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

it('messages of such a sender fail with the reason when they and its pause are some minutes old', async () => {
  s = await stage({ routes, env: { LOG_LEVEL: 'silent' } })
  await refuse(21606)
  const young = await s.text(PERSON, 'hi')
  await eventually(holds).toHaveLength(1)
  await letPass(6 * 60_000)
  const old = await waitingFor(6 * 60_000)
  const words = { reason: 'twilio_21606', reason_text: expect.stringContaining('not one of the Twilio account') }
  expect(await s.settled(old)).toMatchObject([{ status: 'failed', ...words }])
  expect(await creates()).toHaveLength(2)
  expect(ours(await messages(young))).toMatchObject([{ status: 'queued' }])
  // With the pause on, without another call.
  expect(await s.settled(await waitingFor(6 * 60_000))).toMatchObject([{ status: 'failed', ...words }])
  expect(await creates()).toHaveLength(2)
})

it('a loop that Twilio stopped is waited for, holds up nobody else, and is broken', async () => {
  s = await stage({ routes })
  await refuse(14107)
  const conversation = await waitingFor(6 * 60_000)
  const record = `{${s.environment.REDIS_PREFIX}:0}:conversation:${conversation.id}`
  const state = async () =>
    z.looseObject({ since: z.number() }).safeParse(JSON.parse((await s.redis.hget(record, 'sending')) ?? '{}'))
  await eventually(async () => (await state()).success).toBe(true)
  expect(await holds()).toEqual([])
  const { data } = await state()
  await s.redis.hset(record, 'sending', JSON.stringify({ ...data, since: (data?.since ?? 0) - 3 * 60_000 }))
  await eventually(() => hurried(() => messages(conversation))).toMatchObject([
    { status: 'failed', reason: 'twilio_14107' },
  ])
  expect(await creates()).toHaveLength(2)
})

it('a refusal because of the person opts them out, one because of the number flags it, and neither is tried again', async () => {
  s = await stage({ routes })
  await refuse(21610, 1)
  const out = await s.text(PERSON, 'hi')
  await s.settled(out, (all) => ours(all).some(({ status }) => status === 'failed'))
  expect(await s.conversations.isOptedOut(out)).toBe(true)
  await refuse(21614, 1)
  const landline = await s.text('+14155550124', 'hi')
  await s.settled(landline, (all) => ours(all).some(({ status }) => status === 'failed'))
  expect(await s.conversations.flaggedNumbers.isFlagged('+14155550124')).toMatchObject({ reason: 'twilio_21614' })
  expect(await creates()).toHaveLength(2)
})
