import { setTimeout as passed } from 'node:timers/promises'
import { Cluster, type Redis } from 'ioredis'
import type { RedisConfig } from '../config/config.ts'
import { ConfigError } from '../config/error.ts'
import type { Logger } from '../logging/logger.ts'
import { checkRedis, type RedisCheck } from './check.ts'
import { isRedisUnavailable } from './unavailable.ts'
import { within } from './within.ts'

const answerWithinMs = 3000
const askAgainAfterMs = 500

/**
 * Waits for Redis, if it must, and looks whether it is fit to keep messages. Afterwards, whenever it comes back, it is looked
 * at again: it may be another one, or set up anew; of a cluster, also when a node joins.
 *
 * @throws ConfigError when it may delete messages: a process should not start on it
 */
export async function demandFitRedis(redis: Redis | Cluster, config: RedisConfig, logger: Logger): Promise<void> {
  const check = await firstCheck(redis, logger)
  if (check?.evicts) throw new ConfigError([{ variable: variableOf(config), message: expected(check.policy) }])
  if (check) warn(check, logger)
  const lookAgain = async () => {
    const check = await checkRedis(redis).catch(() => undefined)
    if (check?.evicts) logger.error({ version: check.version }, `Redis can delete messages: ${expected(check.policy)}`)
    else if (check) warn(check, logger)
  }
  redis.on('ready', lookAgain)
  if (redis instanceof Cluster) redis.on('+node', lookAgain)
}

/** Undefined when Redis does not let itself be looked at. */
async function firstCheck(redis: Redis | Cluster, logger: Logger): Promise<RedisCheck | undefined> {
  for (;;) {
    if (redis.status !== 'ready') await new Promise<void>((resolve) => redis.once('ready', () => resolve()))
    try {
      return await checkRedis(redis)
    } catch (error) {
      if (isRedisUnavailable(error)) await passed(askAgainAfterMs)
      else {
        logger.warn({ err: error }, 'Redis cannot be checked: nobody knows whether it deletes messages')
        return undefined
      }
    }
  }
}

/** What keeps Redis from taking messages, in a few words; undefined when nothing does. */
export async function redisProblem(redis: Redis | Cluster): Promise<string | undefined> {
  if (redis.status !== 'ready') return 'Redis cannot be reached'
  const check = await within(answerWithinMs, checkRedis(redis))
  if (!check) return 'Redis does not answer'
  if (check.evicts) return `Redis can delete messages: ${expected(check.policy)}`
  if (check.refuses === 'full') return 'Redis has no memory left'
  if (check.refuses === 'replica') return 'Redis is a replica, which takes no writes'
  return undefined
}

/** Whether Redis answers now: a connection can look alive while nothing gets through it. */
export async function redisAnswers(redis: Redis | Cluster, withinMs: number): Promise<boolean> {
  return redis.status === 'ready' && (await within(withinMs, redis.ping())) !== undefined
}

const expected = (found: string) => `expected maxmemory-policy noeviction, found ${found}`

function variableOf({ cluster, sentinels }: RedisConfig): string {
  if (cluster) return 'REDIS_CLUSTER'
  return sentinels ? 'REDIS_SENTINELS' : 'REDIS_URL'
}

function warn({ wouldEvict, policy, persistent, version }: RedisCheck, logger: Logger): void {
  if (wouldEvict) logger.warn({ version }, `Redis would delete messages if it had a maxmemory: ${expected(policy)}`)
  if (!persistent) logger.warn({ version }, 'Redis has no append-only file: when it restarts, messages can be lost')
}
