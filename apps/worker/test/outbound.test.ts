import { once } from 'node:events'
import { setTimeout as passed } from 'node:timers/promises'
import { ConversationDeadLetters, type OutboundMessage } from '@chatlane/core'
import { afterEach, expect, it } from 'vitest'
import { NUMBER, type Stage, stage } from './stage.ts'

let s: Stage
afterEach(() => s.stop())

const TO = '+14155550123'

const routes = `
sms:
  - sender: "${NUMBER}"
    inbound_agents: [{ agent_id: chat_agent_a }]
    outbound_agents: [{ agent_id: chat_agent_c }]
    auto_close_after_ms: 600000
`

/** The conversation that it was taken into. */
async function send(message: Partial<OutboundMessage>) {
  const sent = await s.conversations.sendOut({ channel: 'sms', to: TO, ...message })
  if (sent.status !== 'accepted' && sent.status !== 'duplicate') throw new Error(`not sent: ${sent.status}`)
  const conversation = await s.conversations.find(sent.conversationId)
  if (!conversation) throw new Error('it is not there')
  return { ...sent, conversation }
}

/** The bodies that Twilio took. */
async function delivered(): Promise<string[]> {
  const entries = await s.sandbox.history({ kind: 'twilio' })
  return entries.flatMap((entry) =>
    entry.kind === 'twilio' && entry.operation === 'message-create' && entry.effect ? [entry.body ?? ''] : [],
  )
}

const letters = async () => {
  const deadLetters = new ConversationDeadLetters({ ...s, prefix: s.environment.REDIS_PREFIX ?? '' })
  return (await deadLetters.list({ limit: 10 })).letters
}

const lettersSoon = async () => {
  for (;;) {
    const found = await letters()
    if (found.length > 0) return found
    await passed(50)
  }
}

const greeting = (agent: string, text: string) => ({ agent, greeting: [text] })

it('sends a text as it is; the agent knows it when the person answers, and not a second time', async () => {
  s = await stage({ routes })
  const { conversation } = await send({
    text: 'Your table is free.',
    dynamicVariables: { name: 'Ana' },
    metadata: { table: 7 },
  })
  await s.settled(conversation, (all) => all[0]?.status === 'sent')
  expect(await s.sandbox.chats()).toEqual([])
  await s.text(TO, 'Great!')
  const items = await s.settled(conversation, (all) => all.at(-1)?.text === 'echo: Great!')
  expect(items.map(({ role, by, text, status }) => [role, by, text, status])).toEqual([
    ['system', 'business', 'Your table is free.', 'sent'],
    ['user', undefined, 'Great!', 'answered'],
    ['agent', undefined, 'echo: Great!', 'sent'],
  ])
  expect(await delivered()).toEqual(['Your table is free.', 'echo: Great!'])
  expect(await s.sandbox.chats()).toMatchObject([
    {
      agent_id: 'chat_agent_c',
      metadata: { table: 7, conversation_id: conversation.id },
      dynamic_variables: { name: 'Ana', opening_message: 'Your table is free.' },
    },
  ])
  // In a chat that is open it is only sent.
  await send({ text: 'By the way …' })
  await s.conversations.requestEnd(conversation)
  await s.text(TO, 'Hello again')
  await s.settled(conversation, (all) => all.at(-1)?.text === 'echo: Hello again')
  const chats = await s.sandbox.chats()
  expect(chats.map(({ dynamic_variables }) => dynamic_variables?.opening_message)).toEqual([
    'Your table is free.',
    undefined,
  ])
})

it('sends a long text in parts', async () => {
  s = await stage({ routes })
  const text = Array.from({ length: 600 }, (_, i) => `word${i}`).join(' ')
  const { conversation } = await send({ text })
  await s.settled(conversation, (all) => all[0]?.status === 'sent')
  expect((await delivered()).join(' ')).toBe(text)
})

it('lets the agent open: its greeting is sent, whatever the route does with greetings, and the chat goes on', async () => {
  s = await stage({ routes: `${routes}    greeting: hide\n` })
  await s.sandbox.setScript({ rules: [greeting('chat_agent_c', 'Hello, this is Cleo.')] })
  const { conversation } = await send({ dynamicVariables: { name: 'Ana' } })
  await s.settled(conversation, (all) => all[0]?.status === 'sent')
  expect(await delivered()).toEqual(['Hello, this is Cleo.'])
  await s.text(TO, 'Hi Cleo')
  await s.settled(conversation, (all) => all.length === 3)
  const chats = await s.sandbox.chats()
  expect(chats).toMatchObject([{ agent_id: 'chat_agent_c', dynamic_variables: { name: 'Ana' }, completions: 1 }])
  expect(chats[0]?.dynamic_variables).not.toHaveProperty('opening_message')
})

it('sends nothing, at the end of the chat either, when the agent that was to open said nothing', async () => {
  const closing = 'auto_close_message: "Closing for now."'
  s = await stage({ routes: `${routes.replace('600000', '500')}    ${closing}\n` })
  const { conversation } = await send({})
  await lettersSoon()
  const chats = async () => (await s.sandbox.chats()).map(({ status }) => status)
  await expect.poll(chats).toEqual(['ended'])
  await expect.poll(async () => (await s.conversations.find(conversation.id))?.closed).toBe(true)
  expect((await s.settled(conversation)).map(({ text }) => text)).toEqual([])
  expect(await delivered()).toEqual([])
})

it('makes a dead letter of an opening by an agent that has none, and of one in a chat that is open', async () => {
  s = await stage({ routes })
  const { conversation } = await send({})
  expect(await lettersSoon()).toMatchObject([
    {
      kind: 'open',
      reason: 'no_opening',
      conversationId: conversation.id,
      detail: expect.stringContaining('chat_agent_c'),
    },
  ])
  await s.text(TO, 'Hi')
  await s.settled(conversation, (all) => all.at(-1)?.text === 'echo: Hi')
  await send({})
  await expect.poll(async () => (await letters()).length).toBe(2)
  expect((await letters())[0]).toMatchObject({ reason: 'no_opening', detail: expect.stringContaining('open already') })
  expect(await delivered()).toEqual(['echo: Hi'])
})

it('tries an opening again while UponAI fails, and opens one chat', async () => {
  s = await stage({ routes })
  await s.sandbox.setScript({ rules: [greeting('chat_agent_c', 'Hello')] })
  await s.sandbox.setFaults({
    rules: [{ target: 'uponai', operation: 'create', times: 2, fault: { kind: 'drop', when: 'after' } }],
  })
  const { conversation } = await send({})
  await s.settled(conversation, (all) => all[0]?.status === 'sent')
  expect(await delivered()).toEqual(['Hello'])
  const open = (await s.sandbox.chats()).filter(({ status }) => status === 'ongoing')
  expect(open).toHaveLength(1)
})

it('greets once when the worker dies in the middle of an opening', async () => {
  s = await stage({ routes, workers: 0 })
  await s.sandbox.setScript({ rules: [greeting('chat_agent_c', 'Hello')] })
  await s.sandbox.setFaults({
    rules: [{ target: 'uponai', operation: 'create', fault: { kind: 'hang', when: 'after' } }],
  })
  const first = await s.workerProcess()
  const { conversation } = await send({})
  const begun = async () =>
    (await s.sandbox.history({ kind: 'uponai' })).some((entry) => 'operation' in entry && entry.operation === 'create')
  while (!(await begun())) await passed(20)
  first.kill('SIGKILL')
  await once(first, 'exit')
  await s.sandbox.clearFaults()
  await s.workerProcess()
  await s.settled(conversation, (all) => all[0]?.status === 'sent')
  expect(await delivered()).toEqual(['Hello'])
  expect(await s.sandbox.chats()).toHaveLength(1)
  expect(await letters()).toEqual([])
})

it('is at its end when it greeted before its worker died', async () => {
  s = await stage({ routes, workers: 0 })
  await s.sandbox.setScript({ rules: [greeting('chat_agent_c', 'Hello')] })
  const { conversation, messageId } = await send({})
  // As the record is when the chat's opening was written and the item's commit was not.
  const record = `{${s.environment.REDIS_PREFIX}:0}:conversation:${conversation.id}`
  await s.redis.hset(record, 'opened', messageId, 'chat', 'chat_of_before')
  await s.workerProcess()
  await s.settled(conversation)
  expect(await letters()).toEqual([])
  expect(await s.sandbox.chats()).toEqual([])
})

it('opens for nobody who opted out while it waited', async () => {
  s = await stage({ routes, workers: 0 })
  await s.sandbox.setScript({ rules: [greeting('chat_agent_c', 'Hello')] })
  const { conversation } = await send({})
  await s.conversations.optOuts.add({ sender: NUMBER, participant: TO }, 'operator')
  await s.workerProcess()
  expect(await lettersSoon()).toMatchObject([{ kind: 'open', reason: 'opted_out', conversationId: conversation.id }])
  expect(await s.sandbox.chats()).toEqual([])
})

it('takes another agent from the next chat on', async () => {
  s = await stage({ routes })
  const first = await s.text(TO, 'Hi')
  await s.settled(first, (all) => all.length === 2)
  const { conversation } = await send({ text: 'Meet Bo.', agentId: 'chat_agent_b' })
  expect(conversation.id).toBe(first.id)
  await s.text(TO, 'one')
  await s.settled(first, (all) => all.at(-1)?.text === 'echo: one')
  await s.conversations.requestEnd(first)
  await s.text(TO, 'two')
  await s.settled(first, (all) => all.at(-1)?.text === 'echo: two')
  expect((await s.sandbox.chats()).map(({ agent_id, completions }) => [agent_id, completions])).toEqual([
    ['chat_agent_a', 2],
    ['chat_agent_b', 1],
  ])
})

it('keeps an open chat open for an answer to what the business said', async () => {
  s = await stage({ routes })
  const conversation = await s.text(TO, 'Hi')
  await s.settled(conversation, (all) => all.length === 2)
  const before = await s.conversations.find(conversation.id)
  await passed(5)
  await send({ text: 'One more thing.' })
  const after = await s.conversations.find(conversation.id)
  expect(after?.lastActivityAt).toBeGreaterThan(before?.lastActivityAt ?? 0)
  const key = `{${s.environment.REDIS_PREFIX}:0}:closing`
  expect(Number(await s.redis.zscore(key, conversation.id))).toBe((after?.lastActivityAt ?? 0) + 600_000)
})
