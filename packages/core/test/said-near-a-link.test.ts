import { connectTestRedis, freshPrefix } from '@chatlane/dev'
import { Lanes } from '@chatlane/lanes'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { Conversations } from '../src/conversations/conversations.ts'
import { conversationKeys, shardOfConversation } from '../src/conversations/keys.ts'
import { watchRoutes } from '../src/routing/holder.ts'
import { sayableHere } from '../src/turns/hand-on.ts'

const redis = connectTestRedis()
const opened: Lanes[] = []
afterAll(async () => {
  await Promise.all(opened.map((lanes) => lanes.close()))
  redis.disconnect()
})

const ORIGIN = { channel: 'sms' as const, participant: '+14155550123', sender: '+15005550006', agentId: 'chat_agent_a' }
const LINK = { channel: 'sms', to: ORIGIN.participant, from: ORIGIN.sender } as const

let prefix: string
let lanes: Lanes
beforeEach(() => {
  prefix = freshPrefix()
  lanes = new Lanes({ name: 'turns', connection: redis, prefix, shardOf: shardOfConversation })
  opened.push(lanes)
})

/** The core of one process; what another one does it hears of only when it asks. */
function oneProcess(): Conversations {
  const deliveries = new Lanes({ name: 'deliveries', connection: redis, prefix, shardOf: shardOfConversation })
  opened.push(deliveries)
  const settings = { autoCloseAfterMs: 0, coalesceWindowMs: 1_000, minReplicas: 0, mostWaiting: 100, shards: 1 }
  return new Conversations({ redis, prefix, lanes, deliveries, routes: watchRoutes(undefined), ...settings })
}

async function found(conversations: Conversations, id: string) {
  const conversation = await conversations.find(id)
  if (!conversation) throw new Error('expected a conversation')
  return conversation
}

/** What may be said together with the first message, for a turn that knows the conversation as it was. */
async function sayable(conversations: Conversations, conversation: Awaited<ReturnType<typeof found>>) {
  const behind = (await lanes.peek(conversation.id, 10)).slice(1)
  const context = { conversation, conversations, redis, keys: conversationKeys(prefix, conversation.id) }
  const items = await sayableHere(context, behind)
  return items.map(({ data }) => String(Reflect.get(JSON.parse(data), 'text')))
}

test('what came behind a link is not said with what came before it, though the turn began before the link', async () => {
  const [late, knowing] = [oneProcess(), oneProcess()]
  const { conversationId } = await late.acceptFrom(ORIGIN, { text: 'one', key: 'SM1' })
  const asItWas = await found(late, conversationId)
  await late.acceptFrom(ORIGIN, { text: 'two', key: 'SM2' })
  expect(await sayable(knowing, asItWas)).toEqual(['two'])
  await knowing.link(await knowing.openWeb({ agentId: 'chat_agent_a' }), LINK)
  // Twilio brings it twice: the other conversation says it.
  const both = [await knowing.acceptFrom(ORIGIN, { text: 'three', key: 'SM3' })]
  both.push(await late.acceptFrom(ORIGIN, { text: 'three', key: 'SM3' }))
  expect(both.map(({ status }) => status)).toEqual(['accepted', 'accepted'])
  expect(both[1]?.conversationId).toBe(conversationId)
  expect(await sayable(knowing, asItWas)).not.toContain('three')
})

test('what is written on a page is said together, though a number has left its conversation', async () => {
  const conversations = oneProcess()
  const page = await conversations.openWeb({ agentId: 'chat_agent_a' })
  await conversations.link(page, LINK)
  await conversations.link(await conversations.openWeb({ agentId: 'chat_agent_a' }), LINK)
  const left = await found(conversations, page.id)
  expect(left.movedTo).toBeDefined()
  const [first] = await lanes.peek(page.id, 1)
  expect(first?.id).toBe('open')
  for (const text of ['one', 'two', 'three']) await conversations.accept(left, { text })
  expect(await sayable(conversations, left)).toEqual(['one', 'two', 'three'])
})
