import type { LaneRedis } from '@chatlane/lanes'
import type { UpstreamKind, Upstreams } from '../config/config.ts'
import { ConfigError } from '../config/error.ts'

/** String: `live` or `sandbox`, whatever the deployment's first process reached. */
const markKey = (prefix: string) => `${prefix}:upstreams`

/**
 * Marks a prefix as one whose messages reach people, or as one of a sandbox, and refuses a prefix of the other kind: a worker
 * that talks to a sandbox would take a customer's message and answer nobody. To be called before anything is kept or taken.
 *
 * @throws ConfigError when the prefix is of the other kind; what ioredis throws when Redis is away
 */
export async function claimPrefix(redis: LaneRedis, prefix: string, upstreams: Upstreams): Promise<void> {
  // Read first: a sandbox's process notes its shards only after the mark is set.
  const used = (await redis.exists(`${prefix}:shards`)) === 1
  const found = await markOf(redis, prefix)
  // Versions that set no mark kept messages of live deployments under it.
  if (found === undefined && used && upstreams.kind === 'sandbox') throw refusal(prefix, undefined, upstreams)
  if (found === undefined) await redis.set(markKey(prefix), upstreams.kind, 'NX')
  const mark = found ?? (await markOf(redis, prefix))
  if (mark !== upstreams.kind) throw refusal(prefix, mark, upstreams)
}

/**
 * Sets the mark of a running process again after somebody emptied Redis.
 * @returns true when it was missing
 */
export async function keepClaim(redis: LaneRedis, prefix: string, { kind }: Upstreams): Promise<boolean> {
  return (await redis.set(markKey(prefix), kind, 'NX')) === 'OK'
}

/**
 * The same look for who leaves no mark: the command line.
 * @throws ConfigError when the prefix is of the other kind
 */
export async function checkPrefix(redis: LaneRedis, prefix: string, upstreams: Upstreams): Promise<void> {
  const mark = await markOf(redis, prefix)
  if (mark !== undefined && mark !== upstreams.kind) throw refusal(prefix, mark, upstreams)
}

async function markOf(redis: LaneRedis, prefix: string): Promise<UpstreamKind | undefined> {
  const mark = await redis.get(markKey(prefix))
  return mark === 'live' || mark === 'sandbox' ? mark : undefined
}

function refusal(prefix: string, mark: UpstreamKind | undefined, { kind, variable }: Upstreams): ConfigError {
  const whose = { live: 'a live deployment', sandbox: 'a sandbox' }
  const owner = mark ? `belongs to ${whose[mark]}` : 'was in use before, perhaps by a live deployment'
  const here = kind === 'sandbox' ? 'leads to a sandbox' : 'leads to the real services'
  const message = `expected a prefix of its own for ${whose[kind]}: "${prefix}" ${owner}, and ${variable} ${here}`
  return new ConfigError([{ variable: 'REDIS_PREFIX', message }])
}
