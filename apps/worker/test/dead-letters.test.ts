import { once } from 'node:events'
import { setTimeout as passed } from 'node:timers/promises'
import { type ConversationDeadLetter, ConversationDeadLetters, shardOfConversation } from '@chatlane/core'
import { Lanes } from '@chatlane/lanes'
import { afterEach, expect, it, onTestFinished } from 'vitest'
import { type Stage, stage } from './stage.ts'

let s: Stage
afterEach(() => s.stop())

const PERSON = '+14155550123'
const rejected = {
  target: 'uponai',
  operation: 'completion',
  match: { text_contains: 'bad' },
  fault: { kind: 'status', status: 400 },
} as const

function deadLetters(): ConversationDeadLetters {
  const { redis, lanes } = s
  const prefix = lanes.shardKeys(0).tag.slice(1, -':0}'.length)
  const deliveries = new Lanes({ name: 'deliveries', connection: redis, prefix, shardOf: shardOfConversation })
  const webhooks = new Lanes({ name: 'webhooks', connection: redis, prefix, shardOf: shardOfConversation })
  onTestFinished(async () => void (await Promise.all([deliveries.close(), webhooks.close()])))
  return new ConversationDeadLetters({ redis, prefix, lanes, deliveries, webhooks })
}

async function only(letters: ConversationDeadLetters): Promise<ConversationDeadLetter> {
  const all = (await letters.list({ limit: 10 })).letters
  if (all.length !== 1 || !all[0]) throw new Error(`expected one dead letter, got ${all.length}`)
  return all[0]
}

/** Messages that Twilio took, in order. */
async function delivered(): Promise<string[]> {
  const entries = await s.sandbox.history({ kind: 'twilio' })
  return entries.flatMap((entry) =>
    entry.kind === 'twilio' && entry.operation === 'message-create' && entry.effect ? [entry.body ?? ''] : [],
  )
}

it('tells the person by SMS, once for each time a message is given up', async () => {
  s = await stage({})
  const letters = deadLetters()
  await s.sandbox.setFaults({ rules: [rejected] })
  const conversation = await s.text(PERSON, 'bad')
  const settled = () => s.settled(conversation)
  await settled()
  expect(await delivered()).toEqual(['Sorry, that went wrong.'])

  expect(await letters.replay((await only(letters)).id)).toMatchObject({ status: 'replayed' })
  await settled()
  expect(await delivered()).toEqual(['Sorry, that went wrong.', 'Sorry, that went wrong.'])

  await s.sandbox.clearFaults()
  await letters.replay((await only(letters)).id)
  const items = await settled()
  expect(items[0]).toMatchObject({ text: 'bad', status: 'answered' })
  expect((await delivered()).slice(2)).toEqual(['echo: bad'])
  expect(await letters.list({ limit: 10 })).toEqual({ letters: [] })
})

it('replays all letters of a conversation in order, behind what was said since', async () => {
  s = await stage({})
  const letters = deadLetters()
  await s.sandbox.setFaults({ rules: [rejected] })
  const conversation = await s.web('pk_quiet')
  const bad = Array.from({ length: 5 }, (_, i) => `bad ${i}`)
  for (const text of bad) await s.say(conversation, text)
  await s.say(conversation, 'good')
  await s.settled(conversation)
  await s.sandbox.clearFaults()
  expect(await letters.replayAll({ reason: 'no such' })).toEqual({ replayed: 0, mayRepeat: 0 })
  expect(await letters.replayAll({ reason: 'uponai_rejected', kind: 'message' })).toEqual({ replayed: 5, mayRepeat: 0 })
  await s.settled(conversation)
  const [chat] = await s.sandbox.chats()
  const said = chat?.messages.filter(({ role }) => role === 'user').map(({ content }) => content)
  expect(said).toEqual(['good', ...bad])
})

it('keeps what each try failed of', async () => {
  s = await stage({ env: { TURN_ATTEMPTS: '3', UPONAI_TIMEOUT_MS: '500', UPONAI_COMPLETION_TIMEOUT_MS: '500' } })
  await s.sandbox.setFaults({
    rules: [{ target: 'uponai', operation: 'completion', fault: { kind: 'drop', when: 'before' } }],
  })
  const conversation = await s.web('pk_quiet')
  await s.say(conversation, 'hello')
  await s.settled(conversation)
  const letters = deadLetters()
  const shown = await letters.get((await only(letters)).id)
  expect(shown).toMatchObject({
    tries: 3,
    reason: 'attempts_exhausted',
    messages: [{ text: 'hello', status: 'failed' }],
  })
  const details = shown?.history.map(({ detail }) => detail)
  expect(details).toEqual(Array(3).fill(expect.stringMatching(/^UPONAI_/)))
})

it('a text that may have reached the agent is not said again unasked', async () => {
  s = await stage({
    env: { TURN_ATTEMPTS: '2', UPONAI_TIMEOUT_MS: '500', UPONAI_COMPLETION_TIMEOUT_MS: '500', TURN_BACKOFF_MS: '20' },
  })
  await s.sandbox.setFaults({
    rules: [
      { target: 'uponai', operation: 'completion', match: { text: 'lost' }, fault: { kind: 'drop', when: 'after' } },
      { target: 'uponai', operation: 'get', times: 2, fault: { kind: 'status', status: 500 } },
    ],
  })
  const conversation = await s.web('pk_quiet')
  await s.say(conversation, 'lost')
  await s.say(conversation, 'next')
  await s.settled(conversation)
  await s.sandbox.clearFaults()
  const letters = deadLetters()
  const letter = await only(letters)
  expect(letter).toMatchObject({ reason: 'outcome_unknown', mayRepeat: true })
  expect(await letters.replay(letter.id)).toMatchObject({ status: 'may_repeat' })
  expect(await letters.replayAll({})).toEqual({ replayed: 0, mayRepeat: 1 })
  expect(await letters.replayAll({}, { force: true })).toEqual({ replayed: 1, mayRepeat: 0 })
  const items = await s.settled(conversation)
  expect(items[0]).toMatchObject({ text: 'lost', status: 'answered' })
})

it('a delivery is given up on its own, and is sent when it is replayed: only the parts that were not', async () => {
  s = await stage({ env: { TURN_ATTEMPTS: '1' } })
  const first = Array(300).fill('first').join(' ')
  const second = Array(200).fill('second').join(' ')
  await s.sandbox.setScript({ rules: [{ text: 'tell', answer: [`${first} ${second}`] }] })
  await s.sandbox.setFaults({
    rules: [
      {
        target: 'twilio',
        operation: 'message-create',
        match: { text_contains: 'second' },
        fault: { kind: 'status', status: 500 },
      },
    ],
  })
  const conversation = await s.text(PERSON, 'tell')
  const items = await s.settled(conversation, (all) => all.some(({ status }) => status === 'failed'))
  expect(items.map(({ role, status }) => [role, status])).toEqual([
    ['user', 'answered'],
    ['agent', 'failed'],
  ])
  const sent = await delivered()
  await s.sandbox.clearFaults()
  const letters = deadLetters()
  const letter = await only(letters)
  expect(letter).toMatchObject({ kind: 'delivery', to: PERSON, messageId: items[1]?.id, mayRepeat: false })

  expect(await letters.replay(letter.id)).toMatchObject({ status: 'replayed' })
  const after = await s.settled(conversation)
  expect(after[1]).toMatchObject({ role: 'agent', status: 'sent' })
  expect(sent.every((part) => !part.includes('second'))).toBe(true)
  expect((await delivered()).join(' ')).toBe(`${first} ${second}`)
})

it('a delivery that may have been sent is not sent again unasked', async () => {
  s = await stage({ workers: 0, env: { TURN_ATTEMPTS: '1' } })
  const worker = await s.workerProcess()
  await s.sandbox.setFaults({
    rules: [{ target: 'twilio', operation: 'message-create', fault: { kind: 'hang', when: 'before' } }],
  })
  const conversation = await s.text(PERSON, 'hi')
  while ((await s.sandbox.history({ kind: 'twilio' })).length === 0) await passed(20)
  worker.kill('SIGKILL')
  await once(worker, 'exit')
  await s.sandbox.clearFaults()
  await s.workerProcess()
  await s.settled(conversation, (all) => all.some(({ status }) => status === 'unknown'))
  const letters = deadLetters()
  const letter = await only(letters)
  expect(letter).toMatchObject({ kind: 'delivery', reason: 'attempts_exhausted', mayRepeat: true })
  expect(letter.history).toMatchObject([{ detail: expect.stringMatching(/^the worker died/) }])
  expect(await letters.replay(letter.id)).toMatchObject({ status: 'may_repeat' })
  expect(await delivered()).toEqual([])
  expect(await letters.replay(letter.id, { force: true })).toMatchObject({ status: 'replayed' })
  await s.settled(conversation, (all) => all.some(({ status }) => status === 'sent'))
  expect(await delivered()).toEqual(['echo: hi'])
})
