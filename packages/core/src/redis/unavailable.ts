import { troubleOf } from './trouble.ts'

/** Redis' refusals that pass by themselves: slots on their way to another node, a failover. */
const PASSING = /(^|[\s-])(TRYAGAIN|MOVED|ASK|UNBLOCKED|EXECABORT) /

const REFUSED = [
  'Too many Cluster redirections.',
  // A script of BullMQ's that reads keys which are on their way to another node.
  'Script attempted to access a non local key',
]

/**
 * Whether an error of a Redis command means that Redis is away or takes no writes right now: the same command can succeed
 * later, and whether this one took effect is not known.
 */
export function isRedisUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (troubleOf(error) !== undefined) return true
  return PASSING.test(error.message) || REFUSED.some((text) => error.message.includes(text))
}
