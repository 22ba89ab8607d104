import { Cluster, type Redis } from 'ioredis'
import { checkRedis, isOlder, type RedisCheck } from './check.ts'
import { type Access, lackingOf, type Probed, probe } from './rights.ts'
import { troubleOf } from './trouble.ts'

/** What Chatlane needs of Redis, or of the Redis that a Valkey is like. */
const OLDEST_VERSION = '7.0'

/**
 * Shards are laid evenly over a cluster's slots, so that these many are on every node that has a twelfth of them, whether or
 * not they hold conversations. Without a cluster all are in one place.
 */
const SHARDS_ASKED = 12

/** How a Redis is. */
export interface Look {
  check?: RedisCheck
  /** What makes it unfit for good, whoever waits: a process should not start on it. */
  unfit?: string
  /** Why it takes no messages right now, also when that is for good. */
  problem?: string
}

/**
 * Looks at what a Redis says of itself, at what its user may do, and whether it takes a write.
 * @throws what ioredis throws when Redis, or a master of a cluster, is away
 */
export async function look(redis: Redis | Cluster, access: Access): Promise<Look> {
  try {
    const [check, probed] = await Promise.all([checkRedis(redis), probeAll(redis, access)])
    const unfit = unfitness(check) ?? probed.lacks
    const problem =
      inUse(unfit, check) ?? (check.refuses === 'replica' ? words('READONLY ') : undefined) ?? refusal(probed.refused)
    return { check, ...(unfit !== undefined && { unfit }), ...(problem !== undefined && { problem }) }
  } catch (error) {
    const lacks = lackingOf(error, access)
    if (lacks !== undefined) return { unfit: lacks, problem: lacks }
    const trouble = troubleOf(error)
    if (trouble && !trouble.vague) return { problem: trouble.words }
    throw error
  }
}

/** The first node on which something is lacking or refused. */
async function probeAll(redis: Redis | Cluster, access: Access): Promise<Probed> {
  if (!(redis instanceof Cluster)) return probe(redis, access, 0, false)
  const shards = Array.from({ length: SHARDS_ASKED }, (_, shard) => shard)
  const found = await Promise.all(shards.map((shard) => probe(redis, access, shard, true)))
  return found.find(({ lacks }) => lacks !== undefined) ?? found.find(({ refused }) => refused !== undefined) ?? {}
}

/** What is wrong with a Redis for good, as far as it says. */
export function unfitness({ version, mode, evicts, policy }: RedisCheck): string | undefined {
  if (isOlder(version, OLDEST_VERSION)) return `Redis ${version}: expected ${OLDEST_VERSION} or newer`
  if (mode === 'sentinel') return 'expected a Redis, found a sentinel: set REDIS_SENTINELS and REDIS_SENTINEL_NAME'
  if (evicts) return `expected maxmemory-policy noeviction, found ${policy}`
  return undefined
}

const inUse = (unfit: string | undefined, { evicts }: RedisCheck) =>
  unfit !== undefined && evicts ? `Redis can delete messages: ${unfit}` : unfit

function refusal(refused: string | undefined): string | undefined {
  return refused === undefined ? undefined : words(refused)
}

const words = (refused: string) => troubleOf(new Error(refused))?.words ?? `Redis takes no writes: ${refused}`
