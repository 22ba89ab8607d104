import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as passed } from 'node:timers/promises'
import { type Conversation, ConversationDeadLetters } from '@chatlane/core'
import { keysLike } from '@chatlane/dev'
import { afterEach, expect, it } from 'vitest'
import { readLedger } from '../../../packages/core/src/conversations/read-ledger.ts'
import {
  type Received,
  type StartedReceiver,
  startReceiver,
  webhookSecret,
} from '../../../packages/core/test/webhook-receiver.ts'
import { apiBeside } from './api-beside.ts'
import { type Stage, stage } from './stage.ts'

let s: Stage
let business: StartedReceiver
afterEach(async () => {
  await s.stop()
  await business.stop()
})

const PERSON = '+14155550123'

async function start(options: Parameters<typeof stage>[0], answer?: Parameters<typeof startReceiver>[0]) {
  business = await startReceiver(answer)
  const env = {
    WEBHOOK_URL: business.url,
    WEBHOOK_SECRET: webhookSecret,
    WEBHOOK_BACKOFF_MS: '20',
    WEBHOOK_ATTEMPTS: '100',
    ...options.env,
  }
  s = await stage({ ...options, env })
}

const of = (conversation: Pick<Conversation, 'id'>, all: readonly Received[] = business.taken) =>
  all.filter(({ data }) => data.conversation_id === conversation.id)

/** Resolves when every webhook is brought or given up. */
async function told(conversation: Conversation): Promise<Received[]> {
  while ((await s.webhooks.waiting(conversation.id)) > 0) await passed(20)
  return of(conversation)
}

/** What the webhooks of a conversation should be, by its ledger. */
async function expected(conversation: Conversation): Promise<string[]> {
  const entries = await readLedger(s.redis, s.environment.REDIS_PREFIX ?? '', conversation.id)
  return entries.flatMap(({ id, entry }) => {
    const webhook = `${conversation.id}_${id}`
    if (entry.kind === 'conversation')
      return [`${webhook} conversation.${entry.status === 'open' ? 'opened' : 'closed'}`]
    if (entry.kind === 'message' && entry.role === 'user') return [`${webhook} message.received`]
    if (entry.kind === 'message') return entry.answers === undefined ? [] : [`${webhook} message.answered`]
    if (entry.kind !== 'status') return []
    if (entry.status === 'answered') return [`${webhook} message.answered`]
    return ['failed', 'undelivered', 'unknown'].includes(entry.status) ? [`${webhook} delivery.failed`] : []
  })
}

/** The first time that each was taken: a repeat is known by its id. */
function withoutRepeats(webhooks: readonly Received[]): string[] {
  return [...new Set(webhooks.map(({ id, type }) => `${id} ${type}`))]
}

it('tells the business what happens, in order', async () => {
  await start({})
  const conversation = await s.web('pk_quiet')
  const hello = await s.say(conversation, 'hello')
  await s.settled(conversation)
  await s.conversations.requestEnd(conversation)
  while (!(await s.conversations.find(conversation.id))?.closed) await passed(20)
  const webhooks = await told(conversation)
  expect(webhooks.map(({ type }) => type)).toEqual([
    'message.received',
    'conversation.opened',
    'message.answered',
    'conversation.closed',
  ])
  const [chat] = await s.sandbox.chats()
  const { items } = await s.conversations.messages(conversation.id, '0', 10)
  expect(webhooks.map(({ data }) => data)).toMatchObject([
    { channel: 'web', participant: conversation.id, message_id: hello, text: 'hello', status: 'queued' },
    { chat_id: chat?.chat_id, agent_id: 'chat_agent_a' },
    { message_id: hello, answer_id: items[1]?.id, text: 'echo: hello' },
    { chat_id: chat?.chat_id, reason: 'requested' },
  ])
  expect(webhooks.map(({ id, type }) => `${id} ${type}`)).toEqual(await expected(conversation))
  expect(business.refused).toEqual([])
})

it('tells of messages and deliveries that were given up or refused, and of their dead letters', async () => {
  await start({ env: { TURN_ATTEMPTS: '1' } })
  const fault = { kind: 'status', status: 400 } as const
  await s.sandbox.setFaults({
    rules: [{ target: 'uponai', operation: 'completion', match: { text_contains: 'bad' }, fault }],
  })
  const conversation = await s.text(PERSON, 'bad')
  await s.settled(conversation)
  const letters = new ConversationDeadLetters({ ...s, prefix: s.environment.REDIS_PREFIX ?? '' })
  const [letter] = (await letters.list({ limit: 10 })).letters
  const webhooks = await told(conversation)
  expect(webhooks.map(({ type }) => type)).toEqual(['message.received', 'conversation.opened', 'message.dead_lettered'])
  expect(webhooks[2]?.data).toMatchObject({
    channel: 'sms',
    participant: PERSON,
    message_id: letter?.messageId,
    dead_letter_id: letter?.id,
    text: 'bad',
    reason: letter?.reason,
    may_repeat: false,
  })
})

it('tells of an opening that was given up, by the id that whoever asked for it was given', async () => {
  await start({})
  const sent = await s.conversations.sendOut({ channel: 'sms', to: PERSON })
  if (sent.status !== 'accepted') throw new Error(`not sent: ${sent.status}`)
  const conversation = { id: sent.conversationId }
  await expect.poll(() => of(conversation).length).toBe(2)
  expect(of(conversation)).toMatchObject([
    { type: 'conversation.opened' },
    { type: 'message.dead_lettered', data: { message_id: sent.messageId, text: null, reason: 'no_opening' } },
  ])
})

it('tells what a provider says later, and each only once', async () => {
  await start({})
  const conversation = await s.text(PERSON, 'hello')
  const items = await s.settled(conversation, (all) => all.some(({ status }) => status === 'sent'))
  const answer = items.find(({ role }) => role === 'agent')?.id ?? ''
  const news = { once: 'SM1:undelivered', status: 'undelivered', reason: 'unreachable' } as const
  expect(await s.conversations.noteDelivery(conversation.id, answer, news)).toBe('noted')
  expect(await s.conversations.noteDelivery(conversation.id, answer, news)).toBe('duplicate')
  const webhooks = await told(conversation)
  expect(webhooks.filter(({ type }) => type === 'delivery.failed').map(({ data }) => data)).toMatchObject([
    { message_id: answer, status: 'undelivered', reason: 'unreachable' },
  ])
})

it('tells of a person who wants no more messages', async () => {
  await start({})
  const api = await apiBeside(s)
  const conversation = await s.text(PERSON, 'hello')
  await s.settled(conversation)
  expect(await s.sandbox.sendSms({ from: PERSON, to: '+15005550006', body: 'STOP' })).toMatchObject({ status: 204 })
  while (!of(conversation).some(({ type }) => type === 'participant.opted_out')) await passed(20)
  const [event] = of(conversation).filter(({ type }) => type === 'participant.opted_out')
  expect(event?.data).toMatchObject({ channel: 'sms', participant: PERSON, sender: '+15005550006', by: 'person' })
  await api.stop()
})

it('tells of an opt-out that only the carrier knows of', async () => {
  await start({})
  const refusal = { kind: 'status', status: 400, code: 21610 } as const
  await s.sandbox.setFaults({ rules: [{ target: 'twilio', operation: 'message-create', fault: refusal }] })
  const conversation = await s.text(PERSON, 'hello')
  const items = await s.settled(conversation, (all) => all.some(({ status }) => status === 'failed'))
  const webhooks = await told(conversation)
  const answer = items.find(({ role }) => role === 'agent')?.id
  expect(webhooks.slice(-2).map(({ type, data }) => ({ type, message: data.message_id, by: data.by }))).toEqual([
    { type: 'participant.opted_out', message: answer, by: 'carrier' },
    { type: 'delivery.failed', message: answer, by: undefined },
  ])
})

it('leaves nothing of webhooks in Redis when there is nobody to tell', async () => {
  business = await startReceiver()
  s = await stage({})
  const conversation = await s.web('pk_quiet')
  await s.say(conversation, 'hello')
  await s.settled(conversation)
  const prefix = s.environment.REDIS_PREFIX
  const keys = await keysLike(s.redis, `{${prefix}:0}:webhooks:*`)
  expect(keys.filter((key) => !key.endsWith(':meta'))).toEqual([])
  expect(business.received).toEqual([])
})

async function kill(worker: ChildProcess): Promise<void> {
  const gone = once(worker, 'exit')
  worker.kill('SIGKILL')
  await gone
}

it('tells all of it, in the ledger’s order, with a receiver that fails at random and workers that are killed', async () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9))
  console.log(`webhooks: SEED=${seed}`)
  let state = seed
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 4_294_967_296
  }
  await start({ workers: 0, env: { UPONAI_TIMEOUT_MS: '2000', UPONAI_COMPLETION_TIMEOUT_MS: '2000' } }, () => {
    const n = random()
    if (n < 0.1) return { status: 500 }
    if (n < 0.15) return 'drop'
    return n < 0.18 ? { status: 429, headers: { 'retry-after': '1' } } : undefined
  })
  const fault = { kind: 'end-chat' } as const
  await s.sandbox.setFaults({ rules: [{ target: 'uponai', operation: 'completion', probability: 0.1, fault }] })
  let worker = await s.workerProcess()
  const talks = await Promise.all([
    ...Array.from({ length: 4 }, () => s.web('pk_quiet')),
    ...Array.from({ length: 4 }, (_, n) => s.text(`+1415555020${n}`, 'hello')),
  ])
  for (let round = 0; round < 6; round++) {
    for (const conversation of talks) await s.say(conversation, `text ${round}`)
    await passed(random() * 400)
    if (round % 2 === 1) {
      await kill(worker)
      worker = await s.workerProcess()
    }
  }
  for (const conversation of talks) {
    await s.settled(conversation)
    const webhooks = await told(conversation)
    expect(withoutRepeats(webhooks), `webhooks of ${conversation.id}`).toEqual(await expected(conversation))
  }
  expect(business.refused).toEqual([])
  expect(await s.webhooks.deadLetters.list()).toEqual([])
})
