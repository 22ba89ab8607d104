import { Cluster, type Redis } from 'ioredis'
import { within } from './within.ts'

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
  /** For example `7.2.4`, also of a Valkey, which names the Redis that it is like; of several nodes the lowest. */
  version: string
  /** What answers: a Redis by itself, a cluster's node, or a sentinel. */
  mode: string
}

const replicaAnswersWithinMs = 1000

/**
 * Looks whether a Redis is fit to keep messages; of a cluster, every node: what is wrong with one is wrong with all, and a
 * replica that would delete messages does so as soon as it is a master. Uses `INFO` only, because managed Redis often forbids
 * `CONFIG`.
 *
 * @throws what ioredis throws when Redis, or a master of a cluster, is away
 */
export async function checkRedis(client: Redis | Cluster): Promise<RedisCheck> {
  const masters = client instanceof Cluster ? client.nodes('master') : [client]
  const replicas = client instanceof Cluster ? client.nodes('slave') : []
  const [found, beside] = await Promise.all([
    Promise.all(masters.map(checkNode)),
    Promise.all(replicas.map(checkReplica)),
  ])
  const [first] = found
  if (!first) throw new Error('expected a Redis Cluster with at least one master that can be reached')
  const checks = [...found, ...beside.filter((check) => check !== undefined)]
  const worst = checks.find(({ evicts }) => evicts) ?? checks.find(({ wouldEvict }) => wouldEvict) ?? first
  const refuses = found.find((check) => check.refuses)?.refuses
  return {
    evicts: worst.evicts,
    wouldEvict: worst.wouldEvict,
    policy: worst.policy,
    persistent: checks.every(({ persistent }) => persistent),
    ...(refuses && { refuses }),
    version: checks.map(({ version }) => version).reduce((least, one) => (isOlder(one, least) ? one : least)),
    mode: first.mode,
  }
}

/** Undefined when it does not answer: without it everything goes on. */
async function checkReplica(node: Redis): Promise<RedisCheck | undefined> {
  return within(replicaAnswersWithinMs, checkNode(node))
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
    mode: info.get('redis_mode') ?? 'standalone',
  }
}

/** Whether a version such as `6.2.16` is below another one. What is no version is not. */
export function isOlder(version: string, than: string): boolean {
  const [left, right] = [version, than].map((text) => text.split('.').map(Number))
  for (const [index, number] of (right ?? []).entries()) {
    const mine = left?.[index] ?? 0
    if (Number.isNaN(mine) || Number.isNaN(number)) return false
    if (mine !== number) return mine < number
  }
  return false
}

function refusal(info: Map<string, string>, limit: number): RedisCheck['refuses'] {
  if (info.get('role') === 'slave') return 'replica'
  return limit > 0 && Number(info.get('used_memory') ?? 0) > limit ? 'full' : undefined
}
