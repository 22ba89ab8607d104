import { Conversations, MOST_WAITING, type RoutesHolder } from '@chatlane/core'
import type { Context } from './context.ts'

/** The deployment's conversations, as an api has them. */
export function conversationsOf({ config, webhooks, ...context }: Context, routes: RoutesHolder): Conversations {
  const { redis, prefix, shards, lanes, deliveries } = context
  const { autoCloseAfterMs, coalesceWindowMs } = config
  return new Conversations({
    redis,
    prefix,
    shards,
    lanes,
    deliveries,
    ...(config.webhooks && { webhooks }),
    routes,
    autoCloseAfterMs,
    coalesceWindowMs,
    minReplicas: config.redis.minReplicas,
    mostWaiting: MOST_WAITING,
  })
}
