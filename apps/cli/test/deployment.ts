import {
  ConversationDeadLetters,
  Conversations,
  connectRedis,
  createLogger,
  loadConfig,
  shardOfConversation,
  watchRoutes,
} from '@chatlane/core'
import { freshPrefix, testRedisEnvironment } from '@chatlane/dev'
import { Lanes, LaneWorker, type LaneWorkerOptions } from '@chatlane/lanes'

const logger = createLogger({ level: 'silent', content: false }, { service: 'test' })

/** A deployment's Redis, as api and workers leave it; given to the command line by its environment alone. */
export function deployment() {
  const env = { ...testRedisEnvironment(), REDIS_PREFIX: freshPrefix() }
  const config = loadConfig('worker', { ...env, UPONAI_API_KEY: 'key', UPONAI_WORKSPACE_ID: '1' })
  const redis = connectRedis(config.redis, 'worker', logger)
  const shared = { connection: redis, prefix: config.redis.prefix, shardOf: shardOfConversation }
  const lanes = new Lanes({ name: 'turns', ...shared })
  const deliveries = new Lanes({ name: 'deliveries', ...shared })
  const webhooks = new Lanes({ name: 'webhooks', ...shared })
  const conversations = new Conversations({
    redis,
    prefix: config.redis.prefix,
    lanes,
    deliveries,
    shards: 1,
    routes: watchRoutes(undefined),
    autoCloseAfterMs: 0,
    coalesceWindowMs: 0,
    minReplicas: 0,
    mostWaiting: 1_000,
  })
  /** Works everything off with this handler. */
  const workOff = async (set: Lanes, options: LaneWorkerOptions) => {
    const worker = new LaneWorker(set, { attempts: 2, backoffMs: () => 0, ...options })
    const { lanes: key } = set.shardKeys(0)
    while ((await redis.hlen(key)) > 0) await new Promise((resolve) => setTimeout(resolve, 20))
    await worker.close()
  }
  return {
    env,
    lanes,
    deliveries,
    webhooks,
    conversations,
    letters: new ConversationDeadLetters({ redis, prefix: config.redis.prefix, lanes, deliveries, webhooks }),
    workOff,
    /** A text message from a phone; gives the conversation's and the message's id. */
    async text(from: string, text: string) {
      const origin = { channel: 'sms' as const, participant: from, sender: '+15005550006', agentId: 'chat_agent_a' }
      const accepted = await conversations.acceptFrom(origin, { text, key: crypto.randomUUID() })
      if (accepted.status !== 'accepted') throw new Error(`not accepted: ${accepted.status}`)
      return { conversation: accepted.conversationId, message: accepted.messageId }
    },
    async stop() {
      await Promise.all([lanes.close(), deliveries.close(), webhooks.close()])
      redis.disconnect()
    },
  }
}
export type Deployment = ReturnType<typeof deployment>
