import {
  Closer,
  type Config,
  checkRedis,
  connectRedis,
  createDeliveryHandler,
  createSmsSender,
  createTurnHandler,
  createUponAIClient,
  isRedisUnavailable,
  type Logger,
  noteShards,
  type RoutesHolder,
  shardOfConversation,
} from '@chatlane/core'
import { Lanes, LaneWorker } from '@chatlane/lanes'
import { serveHealth } from './health.ts'

/** Time that turns in progress get to finish before they are handed to other workers. */
const GRACE_MS = 6_000

export interface RunningWorker {
  port: number
  stop(): Promise<void>
}

/** Makes the parts of a worker process and starts them; `stop` undoes that in reverse. */
export async function startWorker(config: Config, routes: RoutesHolder, logger: Logger): Promise<RunningWorker> {
  const redis = connectRedis(config.redis, 'worker', logger)
  // That Redis is away is said once, by its connection.
  const onError = (error: unknown) => {
    if (!isRedisUnavailable(error)) logger.warn({ err: error }, 'queue')
  }
  const { prefix } = config.redis
  let state: 'starting' | 'working' | 'draining' = 'starting'
  const health = await serveHealth(config.worker, async () => {
    if (redis.status !== 'ready') return 'Redis cannot be reached'
    if (state !== 'working') return state
    const { evicts } = await checkRedis(redis)
    return evicts ? 'Redis may evict keys: set maxmemory-policy noeviction' : undefined
  })

  const shards = await noteShards(redis, prefix, config.queueShards)
  const shared = { connection: redis, prefix, shards, shardOf: shardOfConversation, onError }
  const lanes = new Lanes({ name: 'turns', ...shared })
  const deliveries = new Lanes({ name: 'deliveries', ...shared })
  const uponai = createUponAIClient(config.uponai)
  const { attempts, backoffMs } = config.turns

  const turns = new LaneWorker(lanes, {
    ...createTurnHandler(
      {
        redis,
        prefix,
        uponai,
        lanes,
        deliveries,
        routes,
        autoCloseAfterMs: config.autoCloseAfterMs,
        graceMs: config.uponai.timeoutMs,
        backoffMs,
      },
      logger,
    ),
    concurrency: config.worker.concurrency,
    attempts,
    onError,
  })
  const sending = config.twilio
    ? new LaneWorker(deliveries, {
        ...createDeliveryHandler({
          redis,
          prefix,
          sms: createSmsSender(config.twilio),
          publicUrl: config.publicUrl ?? '',
          backoffMs,
          logger,
        }),
        concurrency: config.worker.concurrency,
        attempts,
        onError,
      })
    : undefined
  const closer = new Closer({ redis, prefix, lanes, onError })
  await Promise.all([turns.ready(), sending?.ready(), closer.start()])
  state = 'working'
  logger.info({ port: health.port, concurrency: config.worker.concurrency, shards }, 'worker ready')

  return {
    port: health.port,
    async stop() {
      state = 'draining'
      await Promise.all([closer.close(), turns.close(GRACE_MS), sending?.close(GRACE_MS)])
      await Promise.all([lanes.close(), deliveries.close(), uponai.close()])
      await health.close()
      redis.disconnect()
    },
  }
}
