export interface HostPort {
  host: string
  port: number
}

export interface RedisConfig {
  /** `redis://` or `rediss://`. With a cluster or sentinels only its credentials, database and TLS count. */
  url: string
  cluster?: HostPort[]
  sentinels?: HostPort[]
  sentinelName?: string
  /** Of the sentinels themselves. */
  sentinelPassword?: string
  /** PEM, for `rediss://`: whom to trust in place of the authorities that Node.js trusts, and who we are. */
  tls?: { ca?: string; cert?: string; key?: string }
  prefix: string
  /** Replicas that must have a message before it is acknowledged (`WAIT`). */
  minReplicas: number
}

export interface UponaiConfig {
  /** Without a trailing slash. */
  baseUrl: string
  apiKey: string
  workspaceId?: number
  dialect: 'rest' | 'rpc'
  /** For every request but a completion. */
  timeoutMs: number
  /** For a completion, in which an agent thinks and calls its tools. */
  completionTimeoutMs: number
  webhookKey: string
  /** Lower case. */
  webhookHeader: string
}

export interface TwilioConfig {
  accountSid: string
  authToken: string
  authTokenNext?: string
  apiKeySid?: string
  apiKeySecret?: string
  /** Without a trailing slash. */
  baseUrl?: string
}

/** Where the business's own system is told what happens. */
export interface WebhookConfig {
  url: string
  /** `whsec_` and base64. */
  secret: string
  /** Signs as well, while the secret is being changed. */
  secretNext?: string
  /** Tries before a webhook becomes a dead letter. */
  attempts: number
  /** The first pause between tries. */
  backoffMs: number
}

export interface Listener {
  host: string
  /** 0 = any free port. */
  port: number
}

export interface LogConfig {
  level: string
  /** Message texts and full addresses may be logged. */
  content: boolean
}

/** Whom messages reach: `live` people by the real UponAI and Twilio, or nobody, by a `sandbox` in their place. */
export type UpstreamKind = 'live' | 'sandbox'

export interface Upstreams {
  kind: UpstreamKind
  /** The variable that says so, for people. */
  variable: string
  /** Whose they are, by the variables that name them. Absent: that is not known. */
  accounts: Readonly<Record<string, string>>
}

/** What a process runs with: checked, complete, free of contradictions. */
export interface Config {
  redis: RedisConfig
  upstreams: Upstreams
  uponai: UponaiConfig
  /** Absent: no SMS. */
  twilio?: TwilioConfig
  /** Absent: the business is told nothing, and nothing is kept for it. */
  webhooks?: WebhookConfig
  /** Without a trailing slash. Always there with Twilio. */
  publicUrl?: string
  /** `trustProxy`: how many proxies before it are believed when they say whose request it is. `maxConnections`: at a time. */
  api: Listener & { trustProxy: number; maxConnections: number }
  admin: Listener
  worker: Listener & { concurrency: number }
  /** Empty: the server-to-server API answers 401. */
  apiKeys: string[]
  sessionSecret: string
  routesFile?: string
  /** 0 = never. */
  autoCloseAfterMs: number
  /** 0 = each message by itself. */
  coalesceWindowMs: number
  queueShards: number
  turns: { attempts: number; backoffMs: number; whenUnclear: 'send_again' | 'dead_letter' }
  log: LogConfig
  production: boolean
  /** Legal, but worth a line at start. */
  warnings: string[]
}

/** What calls to Twilio's REST API need: the auth token or an API key, with which webhooks could not be verified. */
export type TwilioAccess = Omit<TwilioConfig, 'authToken'> & { authToken?: string }

/** What the command line runs with: of all but Redis, what its environment happens to have. */
export type CliConfig = Omit<Config, 'uponai' | 'twilio' | 'upstreams'> & {
  upstreams?: Upstreams
  uponai?: UponaiConfig
  twilio?: TwilioAccess
}
