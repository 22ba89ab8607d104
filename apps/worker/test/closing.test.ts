import { conversationKeys } from '@chatlane/core'
import { afterEach, expect, it } from 'vitest'
import { type Stage, stage } from './stage.ts'

let s: Stage
afterEach(() => s.stop())

/** Waits until the conversation's chat is closed as we see it. */
async function closedConversation(id: string) {
  for (;;) {
    const conversation = await s.conversations.find(id)
    if (conversation?.closed) return conversation
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

it('ends an inactive chat once, says so, and opens a new one for the next message', async () => {
  s = await stage({})
  const conversation = await s.web('pk_short')
  await s.say(conversation, 'hello')
  const closed = await closedConversation(conversation.id)
  expect(closed.chatId).toBeUndefined()
  const { items } = await s.conversations.messages(conversation.id, '0', 100)
  expect(items.map(({ role, text }) => [role, text])).toEqual([
    ['user', 'hello'],
    ['agent', 'echo: hello'],
    ['system', 'Bye for now.'],
  ])
  const chats = await s.sandbox.chats()
  expect(chats.map(({ status, ended_by }) => [status, ended_by])).toEqual([['ended', 'api']])
  // Not active before its deadline: activity is the reply's commit, which is later than the text's arrival.
  expect((chats[0]?.ended_at ?? 0) - (chats[0]?.messages[0]?.created_timestamp ?? 0)).toBeGreaterThanOrEqual(1_000)

  await s.say(conversation, 'again')
  await s.settled(conversation, (all) => all.some(({ text }) => text === 'echo: again'))
  expect((await s.sandbox.chats()).map(({ completions }) => completions)).toEqual([1, 1])
  expect((await s.conversations.find(conversation.id))?.closed).toBe(false)
})

it('says nothing at the end of a chat in which nobody said anything, and closes the next one with its text', async () => {
  s = await stage({})
  const conversation = await s.web('pk_short')
  await closedConversation(conversation.id)
  expect((await s.conversations.messages(conversation.id, '0', 100)).items).toEqual([])
  await s.say(conversation, 'hello')
  const texts = async () => (await s.conversations.messages(conversation.id, '0', 100)).items.map(({ text }) => text)
  await expect.poll(texts).toEqual(['hello', 'echo: hello', 'Bye for now.'])
})

it('does not close while a message waits or an answer is being made', async () => {
  s = await stage({ env: { UPONAI_TIMEOUT_MS: '20000', UPONAI_COMPLETION_TIMEOUT_MS: '20000' } })
  await s.sandbox.setFaults({ latency: { distribution: 'fixed', ms: 2_500 } })
  const conversation = await s.web('pk_short')
  await s.say(conversation, 'slow')
  await s.say(conversation, 'slower')
  await s.settled(conversation, (items) => items.filter(({ role }) => role === 'agent').length === 2)
  expect(await s.sandbox.chats()).toMatchObject([{ completions: 2, messages: { length: 4 } }])
})

it('ends a chat on request, after what is queued', async () => {
  s = await stage({})
  const conversation = await s.web('pk_quiet')
  await s.say(conversation, 'last words')
  await s.conversations.requestEnd(conversation)
  await closedConversation(conversation.id)
  expect(await s.sandbox.chats()).toMatchObject([{ status: 'ended', completions: 1 }])
  const { items } = await s.conversations.messages(conversation.id, '0', 100)
  expect(items.map(({ text }) => text)).toEqual(['last words', 'echo: last words'])
})

it('closes a chat that was over already as if it had been open', async () => {
  s = await stage({})
  const conversation = await s.web('pk_quiet')
  await s.say(conversation, 'hello')
  await s.settled(conversation)
  await s.sandbox.endChat((await s.sandbox.chats())[0]?.chat_id ?? '')
  await s.conversations.requestEnd(conversation)
  expect((await closedConversation(conversation.id)).chatId).toBeUndefined()
  expect(await s.lanes.deadLetters.list()).toEqual([])
})

it('says nothing more in a chat whose end was begun, even if nobody heard that it ended', async () => {
  s = await stage({})
  const conversation = await s.web('pk_short')
  await s.say(conversation, 'hello')
  await s.settled(conversation)
  // While the end is tried again and again, someone writes.
  await s.sandbox.setFaults({
    rules: [{ target: 'uponai', operation: 'end', fault: { kind: 'drop', when: 'after' }, times: 3 }],
  })
  while ((await s.sandbox.chats())[0]?.status !== 'ended') await new Promise((resolve) => setTimeout(resolve, 5))
  await s.say(conversation, 'wait')
  await s.settled(conversation, (items) => items.some(({ text }) => text === 'echo: wait'))
  const [first, second] = await s.sandbox.chats()
  const asked = (await s.sandbox.history({ kind: 'uponai' })).filter(
    (entry) => entry.kind === 'uponai' && entry.operation === 'completion',
  )
  expect(asked.map((entry) => entry.kind === 'uponai' && entry.chat_id)).toEqual([first?.chat_id, second?.chat_id])
})

it('closes many chats that become due at once a few at a time, behind the messages of people', async () => {
  s = await stage({ env: { WORKER_CONCURRENCY: '8' } })
  await s.sandbox.setFaults({
    rules: [{ target: 'uponai', operation: 'end', fault: { kind: 'latency', distribution: 'fixed', ms: 200 } }],
  })
  const inactive = await Promise.all(Array.from({ length: 40 }, () => s.web('pk_short')))
  await Promise.all(inactive.map((conversation) => s.say(conversation, 'hello')))
  const { closings } = conversationKeys(s.environment.REDIS_PREFIX ?? '', inactive[0]?.id ?? '')
  const ended = async () => (await s.sandbox.chats()).filter(({ status }) => status === 'ended').length
  await expect.poll(ended).toBeGreaterThan(1)
  const person = await s.web('pk_quiet')
  await s.say(person, 'and me?')
  let most = 0
  await s.settled(person, (items) => items.some(({ text }) => text === 'echo: and me?'))
  const endedMeanwhile = await ended()
  while ((await ended()) < inactive.length) most = Math.max(most, await s.redis.zcard(closings))
  expect(endedMeanwhile).toBeLessThan(inactive.length)
  // A quarter of eight places.
  expect(most).toBeLessThanOrEqual(2)
  await expect.poll(() => s.redis.zcard(closings)).toBe(0)
})
