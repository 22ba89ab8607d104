import { connectTestRedis, freshPrefix } from '@chatlane/dev'
import { Lanes } from '@chatlane/lanes'
import { expect, onTestFinished, test } from 'vitest'
import { Conversations } from '../src/conversations/conversations.ts'
import { shardOfConversation } from '../src/conversations/keys.ts'
import { watchRoutes } from '../src/routing/holder.ts'

const ORIGIN = { channel: 'sms' as const, participant: '+14155550123', sender: '+15005550006', agentId: 'chat_agent_a' }

test('the same news that comes twice at a time is told to the business once', async () => {
  const redis = connectTestRedis()
  const prefix = freshPrefix()
  const shared = { connection: redis, prefix, shardOf: shardOfConversation }
  const [lanes, deliveries, webhooks] = [
    new Lanes({ name: 'turns', ...shared }),
    new Lanes({ name: 'deliveries', ...shared }),
    new Lanes({ name: 'webhooks', ...shared }),
  ]
  onTestFinished(async () => {
    await Promise.all([lanes.close(), deliveries.close(), webhooks.close()])
    redis.disconnect()
  })
  const settings = { autoCloseAfterMs: 0, coalesceWindowMs: 0, minReplicas: 0, mostWaiting: 100, shards: 1 }
  const parts = { redis, prefix, lanes, deliveries, webhooks, routes: watchRoutes(undefined) }
  const conversations = new Conversations({ ...parts, ...settings })
  const { conversationId: id } = await conversations.acceptFrom(ORIGIN, { text: 'hello', key: 'SM1' })
  const before = await webhooks.waiting(id)
  const news = { once: 'SM2:failed', taken: { part: 0, sid: 'SM2' }, status: 'failed', reason: '30003' } as const
  await Promise.all([1, 2].map(() => conversations.noteDelivery(id, '1795398430466-0', news)))
  expect(await webhooks.waiting(id)).toBe(before + 1)
})
