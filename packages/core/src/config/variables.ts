import { z } from 'zod'
import { longestWindowMs } from '../routing/schema.ts'
import {
  credential,
  credentials,
  flag,
  headerName,
  host,
  hostPorts,
  httpUrl,
  integer,
  keyPrefix,
  oneOf,
  path,
  port,
  receiverUrl,
  redisUrl,
  secret,
  twilioSid,
  webhookSecret,
} from './formats.ts'

const day = 86_400_000

/** Every variable that Chatlane reads, with its format and default. Described in docs/configuration.md. */
export const environment = z.object({
  REDIS_URL: redisUrl().default('redis://127.0.0.1:6379'),
  REDIS_CLUSTER: hostPorts().optional(),
  REDIS_SENTINELS: hostPorts().optional(),
  REDIS_SENTINEL_NAME: secret("the master's name").optional(),
  REDIS_PREFIX: keyPrefix().default('chatlane'),
  REDIS_MIN_REPLICAS: integer(0, 10).default(0),
  UPSTREAMS: oneOf('live', 'sandbox').optional(),
  UPONAI_BASE_URL: httpUrl().default('https://api.upon-ai.com'),
  UPONAI_API_KEY: credential("UponAI's API key"),
  UPONAI_WORKSPACE_ID: integer(0, Number.MAX_SAFE_INTEGER).optional(),
  UPONAI_DIALECT: oneOf('rest', 'rpc').default('rest'),
  UPONAI_TIMEOUT_MS: integer(100, 3_600_000).default(60_000),
  UPONAI_COMPLETION_TIMEOUT_MS: integer(100, 3_600_000).optional(),
  UPONAI_WEBHOOK_KEY: secret("the key that signs UponAI's webhooks").optional(),
  UPONAI_WEBHOOK_HEADER: headerName().default('x-retell-signature'),
  TWILIO_ACCOUNT_SID: twilioSid('AC').optional(),
  TWILIO_AUTH_TOKEN: credential("the Twilio account's auth token").optional(),
  TWILIO_AUTH_TOKEN_NEXT: credential("the Twilio account's secondary auth token").optional(),
  TWILIO_API_KEY_SID: twilioSid('SK').optional(),
  TWILIO_API_KEY_SECRET: credential('the secret of the Twilio API key').optional(),
  TWILIO_BASE_URL: httpUrl().optional(),
  PUBLIC_URL: httpUrl().optional(),
  WEBHOOK_URL: receiverUrl().optional(),
  WEBHOOK_SECRET: webhookSecret().optional(),
  WEBHOOK_SECRET_NEXT: webhookSecret().optional(),
  WEBHOOK_ATTEMPTS: integer(1, 100).default(10),
  WEBHOOK_BACKOFF_MS: integer(1, 3_600_000).default(5_000),
  API_HOST: host().default('0.0.0.0'),
  API_PORT: port().default(3000),
  API_TRUST_PROXY: integer(0, 10).default(0),
  API_MAX_CONNECTIONS: integer(1, 1_000_000).default(10_000),
  ADMIN_HOST: host().default('127.0.0.1'),
  ADMIN_PORT: port().default(3001),
  WORKER_HOST: host().default('127.0.0.1'),
  WORKER_PORT: port().default(9464),
  API_KEYS: credentials('API keys').optional(),
  SESSION_SECRET: secret('a long random text').optional(),
  CHATLANE_CONFIG: path().optional(),
  AUTO_CLOSE_AFTER_MS: integer(0, 366 * day).default(3_600_000),
  COALESCE_WINDOW_MS: integer(0, longestWindowMs).default(0),
  WORKER_CONCURRENCY: integer(1, 10_000).default(200),
  QUEUE_SHARDS: integer(1, 256).default(1),
  TURN_ATTEMPTS: integer(1, 100).default(8),
  TURN_BACKOFF_MS: integer(1, 300_000).default(1000),
  TURN_WHEN_UNCLEAR: oneOf('send_again', 'dead_letter').default('send_again'),
  LOG_LEVEL: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent').default('info'),
  LOG_CONTENT: flag().default(false),
  NODE_ENV: z.string().optional(),
})

export type Environment = z.infer<typeof environment>

export const variableNames: readonly string[] = Object.keys(environment.shape)

/** Also readable from a file as `NAME_FILE`; their values are never shown. */
export const secretVariables: readonly string[] = [
  'REDIS_URL',
  'UPONAI_API_KEY',
  'UPONAI_WEBHOOK_KEY',
  'TWILIO_AUTH_TOKEN',
  'TWILIO_AUTH_TOKEN_NEXT',
  'TWILIO_API_KEY_SECRET',
  'WEBHOOK_URL',
  'WEBHOOK_SECRET',
  'WEBHOOK_SECRET_NEXT',
  'API_KEYS',
  'SESSION_SECRET',
]
