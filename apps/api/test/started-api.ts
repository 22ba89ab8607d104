import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  ApiMetrics,
  type Config,
  ConversationDeadLetters,
  Conversations,
  connectRedis,
  createLogger,
  createUponAIReader,
  LiveEvents,
  listPauses,
  loadConfig,
  RedisWatch,
  StatusDoor,
  shardOfConversation,
  watchRoutes,
} from '@chatlane/core'
import { freshPrefix, testRedisEnvironment } from '@chatlane/dev'
import { Lanes } from '@chatlane/lanes'
import { EventStreams, type EventStreamsOptions } from '../src/conversations/event-streams.ts'
import { createApi } from '../src/create-api.ts'
import { Readiness } from '../src/health/readiness.ts'
import { Listener, type ListenerOptions } from '../src/listener.ts'
import { RefusedSignatures } from '../src/webhooks/refused-signatures.ts'

export const apiKey = 'key-of-the-tests'
export const accountSid = 'AC0123456789abcdef0123456789abcdef'
export const authToken = '0123456789abcdef0123456789abcdef'
export const authTokenNext = 'fedcba9876543210fedcba9876543210'
export const serviceSid = 'MG0123456789abcdef0123456789abcdef'
export const publicUrl = 'https://chat.example.com/in'
export const webhookKey = 'key_demo_0123456789abcdef'

/** The environment of an api that has everything. */
export const environment: Record<string, string> = {
  UPONAI_API_KEY: webhookKey,
  UPONAI_WORKSPACE_ID: '7',
  API_KEYS: `another-key,${apiKey}`,
  SESSION_SECRET: 'the secret that signs the tokens of the tests',
  TWILIO_ACCOUNT_SID: accountSid,
  TWILIO_AUTH_TOKEN: authToken,
  TWILIO_AUTH_TOKEN_NEXT: authTokenNext,
  PUBLIC_URL: publicUrl,
}

const routesFile = `
sms:
  - sender: "+15005550006"
    inbound_agents: [{ agent_id: chat_agent_sms }]
  - messaging_service_sid: ${serviceSid}
    inbound_agents: [{ agent_id: chat_agent_service }]
  - sender: "whatsapp:+15005550006"
    inbound_agents: [{ agent_id: chat_agent_whatsapp }]
web:
  - public_key: pk_test
    allowed_origins: ["https://www.example.com"]
    agent_id: chat_agent_web
    auto_close_after_ms: 5000
`

/** The routes of the tests, written to a file. */
export function writeRoutes(text = routesFile): string {
  const file = join(mkdtempSync(join(tmpdir(), 'chatlane-api-')), 'chatlane.yaml')
  writeFileSync(file, text)
  return file
}

export interface StartedApi {
  url: string
  config: Config
  conversations: Conversations
  lanes: Lanes
  /** The lanes of webhooks for the business. */
  webhooks: Lanes
  redis: ReturnType<typeof connectRedis>
  streams: EventStreams
  live: LiveEvents
  prefix: string
  /** What the process shows of itself. */
  metrics(): Promise<string>
  /** Lines of the log. */
  log: Record<string, unknown>[]
  stop(): Promise<void>
}

interface Options {
  redisUrl?: string
  /** That of another api, to be a second process of its deployment. */
  prefix?: string
  env?: Record<string, string>
  streams?: EventStreamsOptions
  mostWaiting?: number
  listener?: ListenerOptions
}

/** The public listener in this process, on a real Redis and a free port. */
export async function startApi(options: Options = {}): Promise<StartedApi> {
  const prefix = options.prefix ?? freshPrefix()
  const config = loadConfig('api', {
    ...environment,
    CHATLANE_CONFIG: writeRoutes(),
    ...testRedisEnvironment({ ...options.env, ...(options.redisUrl && { REDIS_URL: options.redisUrl }) }),
    ...(options.redisUrl && { REDIS_URL: options.redisUrl }),
    REDIS_PREFIX: prefix,
    ...options.env,
  })
  const log: Record<string, unknown>[] = []
  const output = { write: (line: string) => void log.push(JSON.parse(line)) }
  const logger = createLogger(config.log, { service: 'api', output })
  const watch = new RedisWatch(logger, config.redis)
  const redis = connectRedis(config.redis, 'request', logger, watch)
  const subscriber = connectRedis(config.redis, 'subscriber', logger, watch)
  const routes = watchRoutes(config.routesFile)
  const shards = config.queueShards
  const onError = (error: unknown) => logger.warn({ err: error }, 'queue')
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
    minReplicas: config.redis.minReplicas,
    autoCloseAfterMs: config.autoCloseAfterMs,
    coalesceWindowMs: config.coalesceWindowMs,
    mostWaiting: options.mostWaiting ?? 100,
    ...(config.webhooks && { webhooks }),
  })
  const live = new LiveEvents({ redis, subscriber, prefix, shards: () => lanes.shards, onError })
  conversations.hearOfLinks(subscriber)
  const streams = new EventStreams(options.streams)
  const reader = createUponAIReader({ config: config.uponai, redis, prefix, onError })
  const metrics = new ApiMetrics({
    redis: watch,
    lanes: [lanes],
    streams,
    optOuts: conversations.optOuts,
    overdueClosings: async () => 0,
  })
  const app = createApi({
    config,
    redis,
    prefix,
    logger,
    routes,
    conversations,
    deadLetters: new ConversationDeadLetters({ redis, prefix, lanes, deliveries, webhooks }),
    live,
    uponai: reader.client,
    streams,
    readiness: new Readiness(watch, () => conversations.missingReplicas),
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
    signatures: new RefusedSignatures({
      logger,
      onCount: () => metrics.signatureRefused(),
      onSuspicion() {},
      onRight() {},
    }),
    onRefused() {},
  })
  const listener = new Listener(app, options.listener)
  const port = await listener.start('127.0.0.1', 0)
  if (redis.status !== 'ready') await new Promise<void>((resolve) => redis.once('ready', () => resolve()))
  await live.start()
  return {
    url: `http://127.0.0.1:${port}`,
    config,
    conversations,
    lanes,
    webhooks,
    redis,
    streams,
    live,
    prefix,
    metrics: () => metrics.registry.metrics(),
    log,
    async stop() {
      streams.endAll()
      await listener.stop({ noticeMs: 0, graceMs: 0 })
      reader.stop()
      redis.disconnect()
      subscriber.disconnect()
      await Promise.all([lanes.close(), deliveries.close(), webhooks.close(), reader.close()])
    },
  }
}
