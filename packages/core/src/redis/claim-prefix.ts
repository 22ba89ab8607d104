import type { LaneRedis } from '@chatlane/lanes'
import type { UpstreamKind, Upstreams } from '../config/config.ts'
import { ConfigError } from '../config/error.ts'

/** String: `live` or `sandbox`, whatever the deployment's first process reached. */
const markKey = (prefix: string) => `${prefix}:upstreams`

/** Hash: by the variable, the account of UponAI's or Twilio's that the deployment works for. */
const accountsKey = (prefix: string) => `${prefix}:accounts`

/**
 * Marks a prefix as one whose messages reach people, or as one of a sandbox, and refuses a prefix of the other kind: a worker
 * that talks to a sandbox would take a customer's message and answer nobody, and one of another workspace would answer it with
 * somebody else's agent. To be called before anything is kept or taken.
 *
 * @throws ConfigError when the prefix is of the other kind, or another account's; what ioredis throws when Redis is away
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
  // Before: one that is refused leaves nothing. Behind: of two that start at once the later one sees the other.
  await demandAccounts(redis, prefix, upstreams)
  if (await noteAccounts(redis, prefix, upstreams)) await demandAccounts(redis, prefix, upstreams)
}

/**
 * Sets the mark of a running process again after somebody emptied Redis.
 * @returns true when it was missing
 */
export async function keepClaim(redis: LaneRedis, prefix: string, upstreams: Upstreams): Promise<boolean> {
  const [mark, accounts] = await Promise.all([
    redis.set(markKey(prefix), upstreams.kind, 'NX'),
    noteAccounts(redis, prefix, upstreams),
  ])
  return mark === 'OK' || accounts
}

/**
 * The same look for who leaves no mark: the command line.
 * @throws ConfigError when the prefix is of the other kind, or another account's
 */
export async function checkPrefix(redis: LaneRedis, prefix: string, upstreams: Upstreams): Promise<void> {
  const mark = await markOf(redis, prefix)
  if (mark !== undefined && mark !== upstreams.kind) throw refusal(prefix, mark, upstreams)
  await demandAccounts(redis, prefix, upstreams)
}

/** @returns true when one was missing */
async function noteAccounts(redis: LaneRedis, prefix: string, { accounts }: Upstreams): Promise<boolean> {
  const key = accountsKey(prefix)
  const noted = await Promise.all(Object.entries(accounts).map(([name, value]) => redis.hsetnx(key, name, value)))
  return noted.includes(1)
}

async function demandAccounts(redis: LaneRedis, prefix: string, { accounts }: Upstreams): Promise<void> {
  const known = await redis.hgetall(accountsKey(prefix))
  const problems = Object.entries(accounts).flatMap(([variable, value]) => {
    const owner = known[variable]
    if (owner === undefined || owner === value) return []
    const undo = `stop every process, then redis-cli HDEL ${accountsKey(prefix)} ${variable}`
    const message = `expected ${owner}, whose the prefix "${prefix}" is, and not ${value}: give this deployment a REDIS_PREFIX of its own. If the account was changed: ${undo}`
    return [{ variable, message }]
  })
  if (problems.length > 0) throw new ConfigError(problems)
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
