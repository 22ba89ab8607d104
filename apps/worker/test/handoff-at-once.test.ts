import { afterEach, expect, it } from 'vitest'
import { type Stage, stage } from './stage.ts'

let s: Stage
afterEach(() => s.stop())

it('two requests to hand off that know nothing of each other begin one time, from the first of them on', async () => {
  s = await stage({})
  const conversation = await s.web('pk_quiet')
  const { handoffs } = s.conversations
  const now = async () => (await s.conversations.find(conversation.id)) ?? conversation
  await handoffs.begin(conversation)
  await handoffs.reply(await now(), { text: 'Ada here' })
  // It had read the conversation before all that.
  await handoffs.begin(conversation)
  await handoffs.end(await now(), { tellAgent: true })
  await s.say(conversation, 'hello')
  await s.settled(conversation)
  const [chat] = await s.sandbox.chats()
  expect(chat?.messages.find(({ role }) => role === 'user')?.content).toContain('\nColleague: Ada here\n')
})

it('a late request to resume does not end the time of the operator who came after', async () => {
  s = await stage({})
  const conversation = await s.web('pk_quiet')
  const { handoffs } = s.conversations
  const now = async () => (await s.conversations.find(conversation.id)) ?? conversation
  await handoffs.begin(conversation)
  const first = await now()
  await handoffs.end(first, { tellAgent: false })
  await handoffs.begin(await now())
  await handoffs.end(first, { tellAgent: false })
  expect((await now()).hand).toBeDefined()
  await handoffs.end(await now(), { tellAgent: false })
  expect((await now()).hand).toBeUndefined()
})
