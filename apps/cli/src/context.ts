import {
  type CliConfig,
  checkPrefix,
  connectRedis,
  createLogger,
  exitIfConfigError,
  exitOnConfigError,
  knownShards,
  type Logger,
  loadCliConfig,
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
  const redis = connectRedis(config.redis, 'request', logger)
  try {
    await reachable(redis, config)
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

async function reachable(redis: LaneRedis, { redis: { url } }: CliConfig): Promise<void> {
  let problem = 'it does not answer'
  redis.on('error', (error: Error) => {
    problem = error.message || String(Reflect.get(error, 'code') ?? error)
  })
  const ready = new Promise<true>((resolve) => redis.once('ready', () => resolve(true)))
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), PATIENCE_MS)
  })
  const reached = await Promise.race([ready, late])
  clearTimeout(timer)
  if (!reached) throw new Failure(`Redis at ${new URL(url).host} cannot be reached: ${problem}; see REDIS_URL`)
}
