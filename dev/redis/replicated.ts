import type { RedisServer } from './keep.ts'
import { addressOf, asking, startNode, stopAll, until } from './nodes.ts'

export interface ReplicatedRedis {
  /** The first is the master at the start. */
  servers: RedisServer[]
  stop(): Promise<void>
}

export interface SentinelRedis extends ReplicatedRedis {
  sentinels: RedisServer[]
  /** As REDIS_SENTINELS takes it. */
  addresses: string
  /** As REDIS_SENTINEL_NAME takes it. */
  name: string
  /** The server that the sentinels hold for the master now. */
  master(): Promise<RedisServer>
}

const name = 'main'
const quorum = 2

/** A master and its replicas, with all of its data on each; every write is on disk before it is answered. */
export async function startReplicatedRedis(replicas: number): Promise<ReplicatedRedis> {
  const settings = { appendonly: 'yes', appendfsync: 'always', 'repl-diskless-sync-delay': '0' }
  const servers = await Promise.all(Array.from({ length: 1 + replicas }, () => startNode(settings)))
  const [master] = servers
  if (!master) throw new Error('expected a master')
  for (const replica of servers.slice(1)) await asking(replica, (redis) => redis.replicaof(...addressOf(master)))
  await until(
    async () => (await asking(master, (redis) => redis.info('replication'))).split('state=online').length > replicas,
  )
  return { servers, stop: () => stopAll(servers) }
}

/** The same under the eyes of three sentinels, which find a dead master within about a second. */
export async function startSentinelRedis(replicas: number): Promise<SentinelRedis> {
  const { servers } = await startReplicatedRedis(replicas)
  const [first] = servers
  if (!first) throw new Error('expected a master')
  const sentinels = await Promise.all(Array.from({ length: 3 }, () => startNode({}, true)))
  for (const sentinel of sentinels) {
    await asking(sentinel, async (redis) => {
      await redis.call('SENTINEL', 'MONITOR', name, ...addressOf(first).map(String), quorum)
      await redis.call('SENTINEL', 'SET', name, 'down-after-milliseconds', 1000)
      await redis.call('SENTINEL', 'SET', name, 'failover-timeout', 5000)
    })
  }
  const knowAll = async (sentinel: RedisServer) => {
    const [others, found] = await asking(sentinel, async (redis) => [
      await redis.call('SENTINEL', 'SENTINELS', name),
      await redis.call('SENTINEL', 'REPLICAS', name),
    ])
    return Array.isArray(others) && others.length === 2 && Array.isArray(found) && found.length === replicas
  }
  for (const sentinel of sentinels) await until(() => knowAll(sentinel))
  return {
    servers,
    sentinels,
    addresses: sentinels.map(({ url }) => new URL(url).host).join(','),
    name,
    master: async () => {
      for (const sentinel of sentinels) {
        const address = await asking(sentinel, (redis) => redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name))
        const [, port] = Array.isArray(address) ? address : []
        const master = servers.find(({ url }) => new URL(url).port === String(port))
        if (master) return master
      }
      throw new Error('expected the sentinels to know a master')
    },
    stop: () => stopAll([...sentinels, ...servers]),
  }
}
