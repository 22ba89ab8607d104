import { setTimeout as passed } from 'node:timers/promises'
import {
  ApiMetrics,
  ConversationDeadLetters,
  Conversations,
  claimPrefix,
  connectRedis,
  createLogger,
  createSmsInbox,
  createUponAIReader,
  demandFitRedis,
  exitIfConfigError,
  exitOnConfigError,
  firstReady,
  keepClaim,
  keepShards,
  LiveEvents,
  listPauses,
  loadConfig,
  MOST_WAITING,
  noteShards,
  overdueClosings,
  Reconciler,
  RedisWatch,
  reloadOnSignal,
  StatusDoor,
  secretsOf,
  shardOfConversation,
  stopOnSignal,
  warnOfLosses,
  watchRoutes,
} from '@chatlane/core'
import { Lanes } from '@chatlane/lanes'
import { EventStreams } from './conversations/event-streams.ts'
import { createAdmin } from './create-admin.ts'
import { createApi } from './create-api.ts'
import { Readiness } from './health/readiness.ts'
import { Listener } from './listener.ts'
import { MissedWebhooks } from './webhooks/missed-webhooks.ts'
import { RefusedSignatures } from './webhooks/refused-signatures.ts'

/** Who asks before Redis is there gets a 503. To find a whole cluster takes a moment; one that is away holds up nobody. */
const FIND_REDIS_MS = 1_000

/** Time that requests in progress get when the process is told to stop and nobody sends it new ones any more. */
const GRACE_MS = 5_000

/** A stop that takes longer than this, whatever holds it up, ends the process all the same. */
const STOP_WITHIN_MS = 9_000

const { config, routes } = exitOnConfigError(() => {
  const config = loadConfig('api', process.env)
  return { config, routes: watchRoutes(config.routesFile, config.uponai.dialect) }
})
const logger = createLogger(config.log, { service: 'api', secrets: secretsOf(config) })
for (const warning of config.warnings) logger.warn(warning)

const { prefix, minReplicas } = config.redis
const shards = config.queueShards
const watch = new RedisWatch(logger, config.redis)
// How Redis is, is said once, for all connections together.
const onError = (error: unknown) => {
  if (!watch.report(error)) logger.warn({ err: error }, 'queue')
}
const fit = demandFitRedis(config.redis, logger, watch).catch((error: unknown) => {
  exitIfConfigError(error)
  throw error
})
// Nothing begins on a Redis that is there and cannot be gone on with.
await Promise.race([fit, passed(FIND_REDIS_MS)])
const redis = connectRedis(config.redis, 'request', logger, watch)
const subscriber = connectRedis(config.redis, 'subscriber', logger, watch)
warnOfLosses(redis, logger)
const lanesOptions = { connection: redis, prefix, shards, shardOf: shardOfConversation, onError }
const lanes = new Lanes({ ...lanesOptions, name: 'turns' })
const deliveries = new Lanes({ ...lanesOptions, name: 'deliveries' })
const webhooks = new Lanes({ ...lanesOptions, name: 'webhooks' })
const conversations = new Conversations({
  redis,
  prefix,
  lanes,
  deliveries,
  shards,
  routes,
  minReplicas,
  autoCloseAfterMs: config.autoCloseAfterMs,
  coalesceWindowMs: config.coalesceWindowMs,
  mostWaiting: MOST_WAITING,
  ...(config.webhooks && { webhooks }),
})
const deadLetters = new ConversationDeadLetters({ redis, prefix, lanes, deliveries, webhooks })
// Listens as soon as Redis is there, and again after every outage.
const onRepair = () => metrics.subscriptionsRepaired()
const live = new LiveEvents({ redis, subscriber, prefix, shards: () => lanes.shards, onRepair, onError })
conversations.hearOfLinks(subscriber)
/** Knows of the shards that others spread conversations over as well. */
async function grow(known: number): Promise<void> {
  if (known <= lanes.shards) return
  for (const set of [lanes, deliveries, webhooks]) set.grow(known)
  await live.start()
}
let claimed: Promise<void> | undefined
redis.on('ready', () => {
  claimed = claimPrefix(redis, prefix, config.upstreams)
  claimed
    .then(() => noteShards(redis, prefix, shards))
    .then(grow)
    .catch((error: unknown) => {
      exitIfConfigError(error)
      onError(error)
    })
})
const reader = createUponAIReader({ config: config.uponai, redis, prefix, onError })
const streams = new EventStreams()
const readiness = new Readiness(watch, () => conversations.missingReplicas)
const metrics = new ApiMetrics({
  redis: watch,
  lanes: [lanes, deliveries, ...(config.webhooks ? [webhooks] : [])],
  streams,
  optOuts: conversations.optOuts,
  overdueClosings: async () => (redis.status === 'ready' ? overdueClosings(redis, prefix, lanes.shards) : undefined),
})
const reconciler = new Reconciler({
  redis,
  logger,
  onRepair: metrics.repaired,
  checks: {
    upstream_mark: () => keepClaim(redis, prefix, config.upstreams),
    async shard_count() {
      const { known, repaired } = await keepShards(redis, prefix, lanes.shards)
      await grow(known)
      return repaired
    },
  },
})
const missedWebhooks =
  config.twilio &&
  new MissedWebhooks({ redis, prefix, inbox: createSmsInbox(config.twilio), conversations, routes, metrics, logger })
const onRefused = () => missedWebhooks?.doubt()
const signatures = new RefusedSignatures({
  logger,
  onSuspicion: (since) => void missedWebhooks?.suspect(since).catch(onError),
  onRight: onRefused,
  onCount: () => metrics.signatureRefused(),
})
const publicListener = new Listener(
  createApi({
    config,
    redis,
    prefix,
    logger,
    routes,
    conversations,
    deadLetters,
    live,
    uponai: reader.client,
    streams,
    readiness,
    metrics,
    statuses: new StatusDoor({
      redis,
      prefix,
      conversations,
      routes,
      logger,
      onError: (code, isKnown) => metrics.twilioError(code, isKnown),
    }),
    pauses: () => listPauses({ uponai: lanes, twilio: deliveries, webhooks }, prefix),
    signatures,
    onRefused,
  }),
  { mostConnections: config.api.maxConnections, onDrop: () => metrics.limited('connections') },
)
const adminListener = new Listener(
  createAdmin({ notes: () => (signatures.note === undefined ? [] : [signatures.note]), readiness, metrics, logger }),
)

reloadOnSignal(logger, routes)
stopOnSignal(logger, STOP_WITHIN_MS, stop)

await firstReady(redis, FIND_REDIS_MS)
// Nothing is taken under a prefix that turns out to be another deployment's.
await claimed?.catch(() => {})
try {
  const [port, adminPort] = await Promise.all([
    publicListener.start(config.api.host, config.api.port),
    adminListener.start(config.admin.host, config.admin.port),
  ])
  logger.info({ port, admin_port: adminPort, shards }, 'api ready')
  missedWebhooks?.start()
} catch (error) {
  logger.fatal({ err: error }, 'API_HOST, API_PORT, ADMIN_HOST, ADMIN_PORT: expected addresses that can be listened on')
  process.exit(1)
}

/** The start in reverse. */
async function stop(): Promise<void> {
  readiness.drain()
  const stopped = publicListener.stop({ noticeMs: readiness.noticeMs, graceMs: GRACE_MS })
  streams.endAll()
  await stopped
  await missedWebhooks?.stop()
  reconciler.stop()
  // Until here it told whoever asked that the process is stopping.
  await adminListener.stop({ noticeMs: 0, graceMs: 0 })
  reader.stop()
  redis.disconnect()
  subscriber.disconnect()
  await Promise.all([lanes.close(), deliveries.close(), webhooks.close(), reader.close()])
}
