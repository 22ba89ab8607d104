import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { z } from 'zod'
import type {
  CliConfig,
  Config,
  RedisConfig,
  TwilioAccess,
  TwilioConfig,
  UponaiConfig,
  WebhookConfig,
} from './config.ts'
import { findContradictions, type ProcessName } from './contradictions.ts'
import { ConfigError } from './error.ts'
import { readVariables } from './read.ts'
import { findUpstreams } from './upstreams.ts'
import { type Environment, environment } from './variables.ts'
import { findWarnings } from './warnings.ts'
import { findWeakSecrets } from './weak-secrets.ts'

const defaultRoutesFile = './chatlane.yaml'

/** As long as Retell's SDK waits for a completion, https://www.npmjs.com/package/retell-sdk. */
const COMPLETION_TIMEOUT_MS = 300_000

/**
 * Reads a process's environment (docs/configuration.md).
 *
 * @throws {ConfigError} with every problem at once
 */
export function loadConfig(processName: Exclude<ProcessName, 'cli'>, env: Record<string, string | undefined>): Config {
  const { given, ...more } = read(processName, environment, env)
  const twilio = assembleTwilio(given)
  const uponai = assembleUponai(given, given.UPONAI_API_KEY)
  const upstreams = findUpstreams(given.UPSTREAMS, uponai, twilio)
  const config = { ...assemble(given), upstreams, uponai, ...(twilio && { twilio }), ...more }
  // Behind a sandbox there is nothing to protect.
  const exposed = processName === 'api' && config.production && upstreams.kind === 'live'
  const weak = exposed ? findWeakSecrets(config) : []
  if (weak.length > 0) throw new ConfigError(weak)
  return config
}

/**
 * Reads the command line's environment, which is that of the processes or a part of it.
 *
 * @throws {ConfigError} with every problem at once
 */
export function loadCliConfig(env: Record<string, string | undefined>): CliConfig {
  const { given, ...more } = read('cli', environment.partial({ UPONAI_API_KEY: true }), env)
  const key = given.UPONAI_API_KEY
  const twilio = assembleTwilioAccess(given)
  const uponai = key === undefined ? undefined : assembleUponai(given, key)
  const upstreams = findUpstreams(given.UPSTREAMS, uponai, twilio)
  return {
    ...assemble(given),
    ...(upstreams && { upstreams }),
    ...(uponai && { uponai }),
    ...(twilio && { twilio }),
    ...more,
  }
}

/**
 * The dialect alone: what a process of this environment speaks, also where nothing else of it is set.
 *
 * @throws {ConfigError}
 */
export function loadDialect(env: Record<string, string | undefined>): 'rest' | 'rpc' {
  return read('cli', environment.pick({ UPONAI_DIALECT: true }), { UPONAI_DIALECT: env.UPONAI_DIALECT }).given
    .UPONAI_DIALECT
}

function read<T extends z.ZodType>(processName: ProcessName, schema: T, env: Record<string, string | undefined>) {
  const { values, problems } = readVariables(env)
  const parsed = schema.safeParse(values)
  // What has a problem with its file is neither missing nor badly formed.
  const reported = new Set(problems.map(({ variable }) => variable.replace(/_FILE$/, '')))
  const further = [
    ...(parsed.error?.issues ?? []).map(({ path, message }) => ({ variable: String(path[0]), message })),
    ...findContradictions(processName, values),
  ].filter(({ variable }) => !reported.has(variable))
  if (!parsed.success || problems.length + further.length > 0) throw new ConfigError([...problems, ...further])

  const routesFile = values.CHATLANE_CONFIG ?? (existsSync(defaultRoutesFile) ? defaultRoutesFile : undefined)
  const warnings = findWarnings(processName, values, env, routesFile)
  return { given: parsed.data, ...(routesFile !== undefined && { routesFile }), warnings }
}

type Shared = Omit<Environment, 'UPONAI_API_KEY'>

function assembleUponai(e: Shared, apiKey: string): UponaiConfig {
  return {
    baseUrl: e.UPONAI_BASE_URL,
    apiKey,
    ...(e.UPONAI_WORKSPACE_ID !== undefined && { workspaceId: e.UPONAI_WORKSPACE_ID }),
    dialect: e.UPONAI_DIALECT,
    timeoutMs: e.UPONAI_TIMEOUT_MS,
    completionTimeoutMs: e.UPONAI_COMPLETION_TIMEOUT_MS ?? Math.max(COMPLETION_TIMEOUT_MS, e.UPONAI_TIMEOUT_MS),
    webhookKey: e.UPONAI_WEBHOOK_KEY ?? apiKey,
    webhookHeader: e.UPONAI_WEBHOOK_HEADER,
  }
}

function assemble(e: Shared): Omit<Config, 'upstreams' | 'uponai' | 'twilio' | 'routesFile' | 'warnings'> {
  return {
    redis: assembleRedis(e),
    ...(e.WEBHOOK_URL && e.WEBHOOK_SECRET && { webhooks: assembleWebhooks(e, e.WEBHOOK_URL, e.WEBHOOK_SECRET) }),
    ...(e.PUBLIC_URL && { publicUrl: e.PUBLIC_URL }),
    api: {
      host: e.API_HOST,
      port: e.API_PORT,
      trustProxy: e.API_TRUST_PROXY,
      maxConnections: e.API_MAX_CONNECTIONS,
    },
    admin: { host: e.ADMIN_HOST, port: e.ADMIN_PORT },
    worker: { host: e.WORKER_HOST, port: e.WORKER_PORT, concurrency: e.WORKER_CONCURRENCY },
    apiKeys: e.API_KEYS ?? [],
    sessionSecret: e.SESSION_SECRET ?? randomBytes(32).toString('base64url'),
    autoCloseAfterMs: e.AUTO_CLOSE_AFTER_MS,
    coalesceWindowMs: e.COALESCE_WINDOW_MS,
    queueShards: e.QUEUE_SHARDS,
    turns: { attempts: e.TURN_ATTEMPTS, backoffMs: e.TURN_BACKOFF_MS, whenUnclear: e.TURN_WHEN_UNCLEAR },
    log: { level: e.LOG_LEVEL, content: e.LOG_CONTENT },
    production: e.NODE_ENV === 'production',
  }
}

function assembleRedis(e: Shared): RedisConfig {
  const tls = {
    ...(e.REDIS_TLS_CA_FILE && { ca: e.REDIS_TLS_CA_FILE }),
    ...(e.REDIS_TLS_CERT_FILE && { cert: e.REDIS_TLS_CERT_FILE }),
    ...(e.REDIS_TLS_KEY_FILE && { key: e.REDIS_TLS_KEY_FILE }),
  }
  demandUsable(tls)
  return {
    url: e.REDIS_URL,
    ...(e.REDIS_CLUSTER && { cluster: e.REDIS_CLUSTER }),
    ...(e.REDIS_SENTINELS && { sentinels: e.REDIS_SENTINELS }),
    ...(e.REDIS_SENTINEL_NAME && { sentinelName: e.REDIS_SENTINEL_NAME }),
    ...(e.REDIS_SENTINEL_PASSWORD && { sentinelPassword: e.REDIS_SENTINEL_PASSWORD }),
    ...(Object.keys(tls).length > 0 && { tls }),
    prefix: e.REDIS_PREFIX,
    minReplicas: e.REDIS_MIN_REPLICAS,
  }
}

/** @throws {ConfigError} when OpenSSL cannot read the files, or the key is not the certificate's */
function demandUsable({ ca, ...ours }: NonNullable<RedisConfig['tls']>): void {
  const demand = (variable: string, expected: string, options: SecureContextOptions) => {
    try {
      createSecureContext(options)
    } catch {
      throw new ConfigError([{ variable, message: `expected ${expected}` }])
    }
  }
  if (ca !== undefined) demand('REDIS_TLS_CA_FILE', 'certificates in PEM', { ca })
  if (ours.cert !== undefined)
    demand('REDIS_TLS_KEY_FILE', 'the key, without a passphrase, of the certificate in REDIS_TLS_CERT_FILE', ours)
}

function assembleWebhooks(e: Shared, url: string, secret: string): WebhookConfig {
  const next = e.WEBHOOK_SECRET_NEXT
  const { WEBHOOK_ATTEMPTS: attempts, WEBHOOK_BACKOFF_MS: backoffMs } = e
  return { url, secret, attempts, backoffMs, ...(next !== undefined && { secretNext: next }) }
}

function assembleTwilio(e: Shared): TwilioConfig | undefined {
  const access = assembleTwilioAccess(e)
  return access && e.TWILIO_AUTH_TOKEN ? { ...access, authToken: e.TWILIO_AUTH_TOKEN } : undefined
}

function assembleTwilioAccess(e: Shared): TwilioAccess | undefined {
  if (!e.TWILIO_ACCOUNT_SID) return undefined
  return {
    accountSid: e.TWILIO_ACCOUNT_SID,
    ...(e.TWILIO_AUTH_TOKEN && { authToken: e.TWILIO_AUTH_TOKEN }),
    ...(e.TWILIO_AUTH_TOKEN_NEXT && { authTokenNext: e.TWILIO_AUTH_TOKEN_NEXT }),
    ...(e.TWILIO_API_KEY_SID && { apiKeySid: e.TWILIO_API_KEY_SID }),
    ...(e.TWILIO_API_KEY_SECRET && { apiKeySecret: e.TWILIO_API_KEY_SECRET }),
    ...(e.TWILIO_BASE_URL && { baseUrl: e.TWILIO_BASE_URL }),
  }
}
