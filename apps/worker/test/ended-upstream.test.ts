import { setTimeout as passed } from 'node:timers/promises'
import type { Conversation } from '@chatlane/core'
import { afterEach, expect, it } from 'vitest'
import { readLedger } from '../../../packages/core/src/conversations/read-ledger.ts'
import { type Stage, stage } from './stage.ts'

let s: Stage
afterEach(() => s.stop())

/** What the ledger says of the conversation itself. */
async function states(conversation: Conversation) {
  const prefix = s.environment.REDIS_PREFIX ?? ''
  const entries = await readLedger(s.redis, prefix, conversation.id)
  return entries.flatMap(({ entry }) =>
    entry.kind === 'conversation' ? [[entry.status, entry.chatId, entry.reason]] : [],
  )
}

async function chatIds(): Promise<string[]> {
  return (await s.sandbox.chats()).map(({ chat_id }) => chat_id)
}

async function closed(conversation: Conversation) {
  while (!(await s.conversations.find(conversation.id))?.closed) await passed(10)
}

/** The chat ends on the other side, and its webhook is taken. */
async function endUpstream(conversation: Conversation): Promise<string> {
  const [chat = ''] = (await chatIds()).slice(-1)
  await s.sandbox.endChat(chat)
  expect(await s.conversations.noteChatEnded(conversation.id, chat)).toBe(true)
  return chat
}

it('closes the conversation as soon as its chat ends on the other side, and ends that chat not again', async () => {
  s = await stage({})
  const conversation = await s.web('pk_short')
  await s.say(conversation, 'hello')
  await s.settled(conversation)
  const chat = await endUpstream(conversation)
  await closed(conversation)
  expect(await states(conversation)).toEqual([
    ['open', chat, undefined],
    ['closed', chat, 'ended_upstream'],
  ])
  expect((await s.conversations.find(conversation.id))?.chatId).toBeUndefined()
  // Beyond the deadline that the answer set.
  await passed(2_500)
  const ends = (await s.sandbox.history({ kind: 'uponai' })).filter((e) => e.kind === 'uponai' && e.operation === 'end')
  expect(ends).toEqual([])
  const { items } = await s.conversations.messages(conversation.id, '0', 100)
  expect(items.map(({ text }) => text)).toEqual(['hello', 'echo: hello'])

  await s.say(conversation, 'again')
  await s.settled(conversation, (all) => all.some(({ text }) => text === 'echo: again'))
  const [, second] = await chatIds()
  expect((await states(conversation)).at(-1)).toEqual(['open', second, undefined])
})

it('opens a new chat for a message that waits already, and leaves that one open', async () => {
  s = await stage({ workers: 0 })
  const conversation = await s.web('pk_quiet')
  await s.say(conversation, 'hello')
  const worker = await s.workerProcess()
  await s.settled(conversation)
  worker.kill('SIGSTOP')
  await s.say(conversation, 'waiting')
  const chat = await endUpstream(conversation)
  worker.kill('SIGCONT')
  await s.settled(conversation, (all) => all.some(({ text }) => text === 'echo: waiting'))
  const [, second] = await chatIds()
  expect(await states(conversation)).toEqual([
    ['open', chat, undefined],
    ['closed', chat, 'ended_upstream'],
    ['open', second, undefined],
  ])
  expect(await s.conversations.find(conversation.id)).toMatchObject({ closed: false, chatId: second })
  expect((await s.sandbox.chats()).map(({ status }) => status)).toEqual(['ended', 'ongoing'])
})

it('says that a chat is over when only the refusal of a message shows it', async () => {
  s = await stage({})
  const conversation = await s.web('pk_quiet')
  await s.say(conversation, 'hello')
  await s.settled(conversation)
  const [chat = ''] = await chatIds()
  await s.sandbox.endChat(chat)
  await s.say(conversation, 'again')
  await s.settled(conversation, (all) => all.some(({ text }) => text === 'echo: again'))
  const [, second] = await chatIds()
  expect(await states(conversation)).toEqual([
    ['open', chat, undefined],
    ['closed', chat, 'ended_upstream'],
    ['open', second, undefined],
  ])
})

it('says nothing of a chat that we ended ourselves', async () => {
  s = await stage({})
  const conversation = await s.web('pk_quiet')
  await s.say(conversation, 'hello')
  await s.settled(conversation)
  const [chat = ''] = await chatIds()
  await s.conversations.requestEnd(conversation)
  await closed(conversation)
  // UponAI tells of every end, also of ours.
  await s.conversations.noteChatEnded(conversation.id, chat)
  await s.settled(conversation)
  expect(await states(conversation)).toEqual([
    ['open', chat, undefined],
    ['closed', chat, 'requested'],
  ])
})
