import { Cluster, type Redis } from 'ioredis'

export interface RedisCheck {
  /** Redis may throw keys away when its memory is full: messages could be lost. */
  evicts: boolean
  /** Everything is written to an append-only file; snapshots alone lose what came after the last one. */
  persistent: boolean
  /** For example `7.2.4`; of several nodes the first one's. */
  version: string
}

/**
 * Looks whether a Redis is fit to keep messages; of a cluster, every master. Uses `INFO` only, because managed Redis
 * often forbids `CONFIG`.
 *
 * @throws what ioredis throws when Redis is away
 */
export async function checkRedis(client: Redis | Cluster): Promise<RedisCheck> {
  const nodes = client instanceof Cluster ? client.nodes('master') : [client]
  const checks = await Promise.all(nodes.map(checkNode))
  const [first] = checks
  if (!first) throw new Error('expected a Redis Cluster with at least one master that can be reached')
  return {
    evicts: checks.some(({ evicts }) => evicts),
    persistent: checks.every(({ persistent }) => persistent),
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
  // Without a limit nothing is ever evicted, whatever the policy says.
  const limited = (info.get('maxmemory') ?? '0') !== '0'
  return {
    evicts: limited && (info.get('maxmemory_policy') ?? 'noeviction') !== 'noeviction',
    persistent: info.get('aof_enabled') === '1',
    version: info.get('redis_version') ?? 'unknown',
  }
}
