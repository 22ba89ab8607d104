/** What ioredis says when a command could not be sent, or its answer did not come. */
const NO_ANSWER = [
  'Command aborted due to connection close',
  'Command timed out',
  'Connection is closed.',
  'None of startup nodes is available',
  "Stream isn't writeable and enableOfflineQueue options is false",
  "Cluster isn't ready and enableOfflineQueue options is false",
]

const NO_ANSWER_TYPES = ['AbortError', 'ClusterAllFailedError', 'MaxRetriesPerRequestError']

/**
 * The codes of Redis' own refusals that say nothing of the command: memory full, read only, starting, failing over, slots on
 * their way to another node…
 */
const REFUSAL =
  /(^|[\s-])(OOM|READONLY|LOADING|MISCONF|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|UNBLOCKED|BUSY|EXECABORT|UNKILLABLE) /

const REFUSED = [
  'Too many Cluster redirections.',
  // A script of BullMQ's that reads keys which are on their way to another node.
  'Script attempted to access a non local key',
]

const NO_CONNECTION = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]

/**
 * Whether an error of a Redis command means that Redis is away or takes no writes right now: the same command can succeed
 * later, and whether this one took effect is not known.
 */
export function isRedisUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (NO_ANSWER_TYPES.includes(error.name) || NO_ANSWER.includes(error.message)) return true
  if (error.message.startsWith('Socket timeout.')) return true
  if ('code' in error && typeof error.code === 'string' && NO_CONNECTION.includes(error.code)) return true
  return REFUSAL.test(error.message) || REFUSED.some((text) => error.message.includes(text))
}
