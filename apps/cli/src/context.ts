import {
  type CliConfig,
  checkPrefix,
  connectRedis,
  createLogger,
  demandFitRedis,
  exitIfConfigError,
  exitOnConfigError,
  firstReady,
  knownShards,
  type Logger,
  loadCliConfig,
  RedisWatch,
  shardOfConversation,
  type Upstreams,
} from '@chatlane/core'
import { type LaneRedis, Lanes } from '@chatlane/lanes'
import { Failure } from './failure.ts'
import { say } from './output.ts'

/** How long Redis may take to be there. */
const PATIENCE_MS = 5_000

/** What most commands need of a deployment. */
export interface Context {
  config: CliConfig
  redis: LaneRedis
  prefix: string
  /** How many shards hold conversations. */
  shards: number
  /** The conversations' lanes. */
  lanes: Lanes
  /** The lanes of outgoing messages. */
  deliveries: Lanes
  /** The lanes of webhooks for the business. */
  webhooks: Lanes
  /** Says nothing: a command speaks for itself. */
  logger: Logger
}

/** The environment, checked. What cannot be used: a line per problem on stderr, exit code 78. */
export function readConfig(): CliConfig {
  const config = exitOnConfigError(() => loadCliConfig(process.env))
  for (const warning of config.warnings) say(`chatlane: ${warning}`)
  return config
}

/**
 * Connects to Redis, does the work and disconnects.
 * @throws Failure when Redis cannot be reached
 */
export async function withContext<T>(config: CliConfig, work: (context: Context) => Promise<T>): Promise<T> {
  const logger = createLogger({ level: 'silent', content: false }, { service: 'cli' })
  const watch = new RedisWatch(logger, config.redis)
  await demandReachable(config, logger, watch)
  const redis = connectRedis(config.redis, 'request', logger, watch)
  try {
    await firstReady(redis, PATIENCE_MS)
    const { prefix } = config.redis
    if (config.upstreams) await demandOwnPrefix(redis, prefix, config.upstreams)
    const shards = await knownShards(redis, prefix, config.queueShards)
    const shared = { connection: redis, prefix, shards, shardOf: shardOfConversation }
    const lanes = new Lanes({ name: 'turns', ...shared })
    const deliveries = new Lanes({ name: 'deliveries', ...shared })
    const webhooks = new Lanes({ name: 'webhooks', ...shared })
    try {
      return await work({ config, redis, prefix, shards, lanes, deliveries, webhooks, logger })
    } finally {
      await Promise.all([lanes.close(), deliveries.close(), webhooks.close()])
    }
  } finally {
    redis.disconnect()
  }
}

/** A message that a sandbox's settings bring into a live deployment is as bad as one that they take out of it. */
async function demandOwnPrefix(redis: LaneRedis, prefix: string, upstreams: Upstreams): Promise<void> {
  await checkPrefix(redis, prefix, upstreams).catch((error: unknown) => {
    exitIfConfigError(error)
    throw error
  })
}

/** What is not fit ends the process, with exit code 78. One that takes no writes can still be read. */
async function demandReachable(config: CliConfig, logger: Logger, watch: RedisWatch): Promise<void> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), PATIENCE_MS)
  try {
    await demandFitRedis(config.redis, logger, watch, { signal: late.signal, untilItWrites: false })
  } catch (error) {
    exitIfConfigError(error)
    if (!late.signal.aborted) throw error
    const { host } = new URL(config.redis.url)
    throw new Failure(`Redis at ${host} cannot be reached: ${watch.reason ?? 'it does not answer'}; see REDIS_URL`)
  } finally {
    clearTimeout(timer)
  }
}
