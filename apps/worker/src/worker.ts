import {
  AccountPause,
  Closer,
  type Config,
  Consequences,
  Conversations,
  claimPrefix,
  connectRedis,
  createDeliveryHandler,
  createGatedUponAI,
  createSmsSender,
  createTurnHandler,
  demandFitRedis,
  keepClaim,
  keepShards,
  type Logger,
  MOST_WAITING,
  maskAddress,
  noteShards,
  overdueClosings,
  PauseNotes,
  Reconciler,
  RedisWatch,
  Replicas,
  type RoutesHolder,
  reasonText,
  redisAnswers,
  SenderGate,
  SharedPause,
  shardOfConversation,
  WorkerMetrics,
  warnOfLosses,
} from '@chatlane/core'
import { Lanes, LaneWorker } from '@chatlane/lanes'
import { serveHealth } from './health.ts'
import { startWebhooks } from './webhooks.ts'

/** Time that turns in progress get to finish before they are handed to other workers. */
const GRACE_MS = 6_000

/** Time that Redis gets at the end to show that anything can still be written. */
const ANSWER_MS = 1_000

export interface RunningWorker {
  port: number
  stop(): Promise<void>
}

/** What was on its way to UponAI when its caller left is there by then. */
const LATE_MS = 5_000

/** From the beginning of a call with that time-out: after so long nobody is at it any more. */
function graceOf(timeoutMs: number): number {
  return timeoutMs + Math.min(timeoutMs, LATE_MS)
}

/**
 * Makes the parts of a worker process and starts them; `stop` undoes that in reverse.
 * @param onBegin called when from now on it may have something in hand, before it is ready
 */
export async function startWorker(
  config: Config,
  routes: RoutesHolder,
  logger: Logger,
  onBegin = () => {},
): Promise<RunningWorker> {
  const { prefix } = config.redis
  const watch = new RedisWatch(logger, config.redis)
  // How Redis is, is said once, for all connections together.
  const onError = (error: unknown) => {
    if (!watch.report(error)) logger.warn({ err: error }, 'queue')
  }
  const metrics = new WorkerMetrics(watch)
  let state: 'starting' | 'working' | 'draining' = 'starting'
  const notes = () =>
    state === 'starting'
      ? []
      : gate.held.map(
          ({ sender, reason, since, until, waiting }) =>
            `${maskAddress(sender)} sends nothing: ${reasonText(reason)} Since ${iso(since)}, next try ${iso(until)}, ${waiting} waiting`,
        )
  const health = await serveHealth(
    config.worker,
    metrics.registry,
    notes,
    async () => {
      if (state === 'draining') return 'the process is stopping'
      const problem = await watch.problem()
      if (problem !== undefined) return problem
      if (state === 'starting') return 'the process is starting'
      if (replicas.missing !== undefined) return replicas.missing
      const { paused } = uponai.gate
      if (paused === 'credentials') return 'UponAI refuses our credentials, or redirects our calls: turns wait'
      if (paused === 'outage') return 'UponAI fails: turns wait until it answers'
      return undefined
    },
    (error) => logger.warn({ err: error }, 'health'),
  )

  await demandFitRedis(config.redis, logger, watch)
  const redis = connectRedis(config.redis, 'worker', logger, watch)
  warnOfLosses(redis, logger)
  const gate = new SenderGate({ redis, prefix, logger })
  await claimPrefix(redis, prefix, config.upstreams)
  const shards = await noteShards(redis, prefix, config.queueShards)
  const shared = { connection: redis, prefix, shards, shardOf: shardOfConversation, onError }
  const lanes = new Lanes({ name: 'turns', ...shared })
  const deliveries = new Lanes({ name: 'deliveries', ...shared })
  const webhooks = config.webhooks && new Lanes({ name: 'webhooks', ...shared })
  const replicas = new Replicas({
    redis,
    least: config.redis.minReplicas,
    keyOf: (shard) => `${lanes.shardKeys(shard).tag}:replicated`,
  })
  const uponai = createGatedUponAI({
    config: config.uponai,
    // A turn makes one call at a time.
    connections: config.worker.concurrency,
    redis,
    prefix,
    logger,
    onError,
    count: (operation, request) => metrics.uponaiCall(operation, request),
    onPause: (reason) => (reason === undefined ? turns.resume() : turns.pause()),
  })
  const { attempts, backoffMs, whenUnclear } = config.turns
  const conversations = new Conversations({
    redis,
    prefix,
    lanes,
    deliveries,
    ...(webhooks && { webhooks }),
    shards: config.queueShards,
    routes,
    minReplicas: config.redis.minReplicas,
    autoCloseAfterMs: config.autoCloseAfterMs,
    coalesceWindowMs: config.coalesceWindowMs,
    mostWaiting: MOST_WAITING,
  })

  onBegin()
  const turns = new LaneWorker(lanes, {
    ...createTurnHandler(
      {
        redis,
        replicas,
        prefix,
        uponai: uponai.client,
        lanes,
        deliveries,
        conversations,
        webhooks,
        routes,
        autoCloseAfterMs: config.autoCloseAfterMs,
        coalesceWindowMs: config.coalesceWindowMs,
        graceMs: graceOf(config.uponai.completionTimeoutMs),
        createGraceMs: graceOf(config.uponai.timeoutMs),
        whenUnclear,
        attempts,
        backoffMs,
        metrics,
      },
      logger,
    ),
    concurrency: config.worker.concurrency,
    attempts,
    onError,
  })
  const twilioAsked = new SharedPause({ redis, prefix, provider: 'twilio', onError })
  const sms = config.twilio && createSmsSender(config.twilio)
  const twilioPause = new AccountPause({ shared: twilioAsked, logger, probe: async () => sms?.check() })
  const { optOuts, flaggedNumbers: numbers } = conversations
  const sending = sms
    ? new LaneWorker(deliveries, {
        ...createDeliveryHandler({
          redis,
          replicas,
          prefix,
          sms,
          pause: twilioPause,
          gate,
          consequences: new Consequences({
            optOuts,
            numbers,
            gate,
            webhooks,
            logger,
            onError: (code, isKnown) => metrics.twilioError(code, isKnown),
          }),
          routes,
          optOuts,
          webhooks,
          publicUrl: config.publicUrl ?? '',
          backoffMs,
          logger,
          metrics,
        }),
        concurrency: config.worker.concurrency,
        attempts,
        onError,
      })
    : undefined
  const telling =
    webhooks && config.webhooks && startWebhooks(config.webhooks, { webhooks, redis, prefix, logger, metrics, onError })
  const pauses = {
    uponai: () => uponai.gate.paused,
    twilio: () => twilioPause.reason,
    ...(telling && { webhooks: () => telling.pause.reason }),
  }
  const pauseNotes = new PauseNotes({ redis, prefix, pauses, onError })
  metrics.watch({
    lanes: [lanes, deliveries, ...(webhooks ? [webhooks] : [])],
    workers: { turns, deliveries: sending, webhooks: telling?.worker },
    pauses,
    senders: () => gate.held,
    overdueClosings: async () => (redis.status === 'ready' ? overdueClosings(redis, prefix, lanes.shards) : undefined),
  })
  const closer = new Closer({ redis, prefix, lanes, concurrency: config.worker.concurrency, onError })
  /** Serves shards that another process began to spread conversations over. */
  const grow = async (known: number) => {
    for (const set of [lanes, deliveries, webhooks]) set?.grow(known)
    for (const worker of [turns, sending, telling?.worker]) worker?.grow()
    await closer.start()
    logger.info({ shards: known }, 'serving more shards')
  }
  const reconciler = new Reconciler({
    redis,
    logger,
    onRepair: metrics.repaired,
    checks: {
      upstream_mark: () => keepClaim(redis, prefix, config.upstreams),
      async shard_count() {
        const { known, repaired } = await keepShards(redis, prefix, lanes.shards)
        if (known > lanes.shards) await grow(known)
        return repaired
      },
      closing_schedule: () => closer.repair(),
    },
  })
  await Promise.all([turns.ready(), sending?.ready(), telling?.worker.ready(), closer.start()])
  state = 'working'
  logger.info({ port: health.port, concurrency: config.worker.concurrency, shards }, 'worker ready')

  return {
    port: health.port,
    async stop() {
      state = 'draining'
      uponai.stop()
      twilioAsked.stop()
      pauseNotes.stop()
      reconciler.stop()
      // Without Redis no turn can end or be handed back: the leases run out, and other workers take over.
      const graceMs = (await redisAnswers(redis, ANSWER_MS)) ? GRACE_MS : 0
      await Promise.all([closer.close(), turns.close(graceMs), sending?.close(graceMs), telling?.close(graceMs)])
      await Promise.all([lanes.close(), deliveries.close(), webhooks?.close(), uponai.close()])
      await health.close()
      redis.disconnect()
    },
  }
}

const iso = (time: number) => new Date(time).toISOString()
