import { Cluster, type Redis } from 'ioredis'

export interface RedisCheck {
  /** Redis throws keys away when its memory is full: messages can be lost. */
  evicts: boolean
  /** It would do so if it had a limit (`maxmemory`). */
  wouldEvict: boolean
  /** Its policy, as a setting: `maxmemory-policy allkeys-lru`, with the limit if there is one. */
  policy: string
  /** Everything is written to an append-only file; snapshots alone lose what came after the last one. */
  persistent: boolean
  /** What keeps it from taking writes right now, as far as it says. */
  refuses?: 'full' | 'replica'
  /** For example `7.2.4`; of several nodes the first one's. */
  version: string
}

/**
 * Looks whether a Redis is fit to keep messages; of a cluster, every master: what is wrong with one is wrong with all. Uses
 * `INFO` only, because managed Redis often forbids `CONFIG`.
 *
 * @throws what ioredis throws when Redis is away
 */
export async function checkRedis(client: Redis | Cluster): Promise<RedisCheck> {
  const nodes = client instanceof Cluster ? client.nodes('master') : [client]
  const checks = await Promise.all(nodes.map(checkNode))
  const [first] = checks
  if (!first) throw new Error('expected a Redis Cluster with at least one master that can be reached')
  const worst = checks.find(({ evicts }) => evicts) ?? checks.find(({ wouldEvict }) => wouldEvict) ?? first
  const refuses = checks.find((check) => check.refuses)?.refuses
  return {
    evicts: worst.evicts,
    wouldEvict: worst.wouldEvict,
    policy: worst.policy,
    persistent: checks.every(({ persistent }) => persistent),
    ...(refuses && { refuses }),
    version: first.version,
  }
}

async function checkNode(node: Redis): Promise<RedisCheck> {
  const info = new Map(
    (await node.info()).split('\r\n').map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1)]
    }),
  )
  const limit = Number(info.get('maxmemory') ?? 0)
  const policy = info.get('maxmemory_policy') ?? 'noeviction'
  const deletes = policy !== 'noeviction'
  const refuses = refusal(info, deletes ? 0 : limit)
  return {
    // Without a limit nothing is ever evicted, whatever the policy says.
    evicts: deletes && limit > 0,
    wouldEvict: deletes && limit === 0,
    policy: `maxmemory-policy ${policy}${limit > 0 ? ` with maxmemory ${info.get('maxmemory_human') ?? limit}` : ''}`,
    persistent: info.get('aof_enabled') === '1',
    ...(refuses && { refuses }),
    version: info.get('redis_version') ?? 'unknown',
  }
}

function refusal(info: Map<string, string>, limit: number): RedisCheck['refuses'] {
  if (info.get('role') === 'slave') return 'replica'
  return limit > 0 && Number(info.get('used_memory') ?? 0) > limit ? 'full' : undefined
}
