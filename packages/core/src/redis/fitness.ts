import { once } from 'node:events'
import { setTimeout as passed } from 'node:timers/promises'
import { Cluster, type Redis } from 'ioredis'
import type { RedisConfig } from '../config/config.ts'
import { ConfigError } from '../config/error.ts'
import type { Logger } from '../logging/logger.ts'
import { checkRedis, type RedisCheck } from './check.ts'
import { connectRedis, openEntry } from './connection.ts'
import { look, unfitness } from './look.ts'
import { lackingOf } from './rights.ts'
import type { RedisWatch } from './watch.ts'
import { within } from './within.ts'

const ASK_AGAIN_AFTER_MS = 500

export interface FitnessOptions {
  /** Ends the waiting. */
  signal?: AbortSignal
  /** Whether to wait until Redis takes writes as well. Default true. */
  untilItWrites?: boolean
}

/**
 * Waits for Redis, if it must, and looks whether everything that is used of it is there: its version, whether it is a cluster's
 * node, that it deletes no messages, each command, the keys and channels, and a write. That is done over connections of its
 * own, so that nothing else begins on a Redis that it cannot go on with.
 *
 * @throws ConfigError when a process should not start on it; an AbortError when it was waited for in vain
 */
export async function demandFitRedis(
  config: RedisConfig,
  logger: Logger,
  watch: RedisWatch,
  { signal, untilItWrites = true }: FitnessOptions = {},
): Promise<void> {
  const asked: Asked = { config, logger, watch, signal, untilItWrites }
  const entry = openEntry(config, watch)
  try {
    await unlessAborted(demandEntry(entry, asked), signal)
  } finally {
    entry.disconnect()
  }
  if (!config.cluster) return
  const cluster = connectRedis(config, 'worker', logger, watch)
  try {
    await unlessAborted(demand(cluster, asked), signal)
  } finally {
    cluster.disconnect()
  }
}

/** What is asked over a connection that is not there waits for it, whoever gives up. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return work
  const done = new AbortController()
  const aborted = once(signal, 'abort', { signal: done.signal }).then(() => signal.throwIfAborted())
  try {
    await Promise.race([work, aborted])
  } finally {
    done.abort()
    for (const left of [work, aborted]) left.catch(() => {})
  }
}

interface Asked {
  config: RedisConfig
  logger: Logger
  watch: RedisWatch
  signal: AbortSignal | undefined
  untilItWrites: boolean
}

async function demandEntry(entry: Redis, asked: Asked): Promise<void> {
  const { config } = asked
  const check = await patiently(() => checkRedis(entry), asked)
  refuse(config, unfitness(check) ?? wrongMode(check, config))
  if (!config.cluster) await demand(entry, asked)
}

async function demand(redis: Redis | Cluster, asked: Asked): Promise<void> {
  const { config, logger, watch, untilItWrites, signal } = asked
  for (;;) {
    const { check, unfit, problem } = await patiently(() => look(redis, config), asked)
    refuse(config, unfit)
    if (problem === undefined || !untilItWrites) return check && warn(check, logger)
    watch.found(problem, 'start')
    await passed(ASK_AGAIN_AFTER_MS, undefined, { signal })
  }
}

/** Asks until Redis answers. */
async function patiently<T>(ask: () => Promise<T>, { config, signal }: Asked): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      refuse(config, lackingOf(error, config))
      await passed(ASK_AGAIN_AFTER_MS, undefined, { signal })
    }
  }
}

function refuse(config: RedisConfig, unfit: string | undefined): void {
  if (unfit !== undefined) throw new ConfigError([{ variable: variableOf(config), message: unfit }])
}

function wrongMode({ mode }: RedisCheck, { cluster }: RedisConfig): string | undefined {
  if (cluster && mode !== 'cluster')
    return 'expected nodes of a Redis Cluster, found a single Redis: set REDIS_URL in place of REDIS_CLUSTER'
  if (!cluster && mode === 'cluster')
    return 'expected a single Redis, found a node of a Redis Cluster: set REDIS_CLUSTER to the host:port of some of its nodes'
  return undefined
}

/** Warns, whenever Redis comes back or a cluster's node joins, of what can lose messages: it may be another one, or set up anew. */
export function warnOfLosses(redis: Redis | Cluster, logger: Logger): void {
  const lookAgain = async () => {
    const check = await checkRedis(redis).catch(() => undefined)
    if (check) warn(check, logger)
  }
  redis.on('ready', lookAgain)
  if (redis instanceof Cluster) redis.on('+node', lookAgain)
}

/** Whether Redis answers now: a connection can look alive while nothing gets through it. */
export async function redisAnswers(redis: Redis | Cluster, withinMs: number): Promise<boolean> {
  return redis.status === 'ready' && (await within(withinMs, redis.ping())) !== undefined
}

function variableOf({ cluster, sentinels }: RedisConfig): string {
  if (cluster) return 'REDIS_CLUSTER'
  return sentinels ? 'REDIS_SENTINELS' : 'REDIS_URL'
}

/** What each process warned of last: a Redis that comes and goes is still the same one. */
const warned = new WeakMap<Logger, string>()

function warn({ wouldEvict, policy, persistent, version }: RedisCheck, logger: Logger): void {
  const warnings = [
    ...(wouldEvict
      ? [`Redis would delete messages if it had a maxmemory: expected maxmemory-policy noeviction, found ${policy}`]
      : []),
    ...(persistent ? [] : ['Redis has no append-only file: when it restarts, messages can be lost']),
  ]
  const all = warnings.join()
  if (warned.get(logger) !== all) for (const warning of warnings) logger.warn({ version }, warning)
  warned.set(logger, all)
}
