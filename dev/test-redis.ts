import { randomBytes } from 'node:crypto'
import { Cluster, Redis } from 'ioredis'
import { startRedis } from './redis/find.ts'
import type { RedisServer } from './redis/keep.ts'

/**
 * The environment that leads a process to the Redis that all tests of a run share: REDIS_URL, or with TEST_REDIS=cluster
 * REDIS_CLUSTER. It may be a developer's own, so never flush it.
 * @param own the rest of the environment; with a REDIS_URL in it the process has a Redis of its own
 */
export function testRedisEnvironment(own: Record<string, string | undefined> = {}): Record<string, string> {
  if (own.REDIS_URL !== undefined) return {}
  const cluster = process.env.TEST_REDIS_CLUSTER
  return cluster ? { REDIS_CLUSTER: cluster } : { REDIS_URL: testRedisUrl() }
}

/** Connects to that Redis; commands wait until it is there. The caller closes the client. */
export function connectTestRedis(): Redis | Cluster {
  const { REDIS_CLUSTER } = testRedisEnvironment()
  if (REDIS_CLUSTER === undefined) return new Redis(testRedisUrl(), { maxRetriesPerRequest: null })
  const nodes = REDIS_CLUSTER.split(',').map((address) => {
    const [host = '', port] = address.split(':')
    return { host, port: Number(port) }
  })
  return new Cluster(nodes, { redisOptions: { maxRetriesPerRequest: null } })
}

/** The url of one Redis, never of a cluster: for what is about connections and not about what is kept. */
export function testRedisUrl(): string {
  return fromSetup('TEST_REDIS_URL')
}

/** A key prefix that no other test uses; its keys are removed after the run. */
export function freshPrefix(): string {
  return `${fromSetup('TEST_REDIS_PREFIX')}-${randomBytes(6).toString('hex')}`
}

/** The keys that match a pattern, on every node of a cluster. */
export async function keysLike(redis: Redis | Cluster, pattern: string): Promise<string[]> {
  const nodes = redis instanceof Cluster ? redis.nodes('master') : [redis]
  return (await Promise.all(nodes.map((node) => node.keys(pattern)))).flat()
}

/**
 * A Redis of a test's own, to kill and start again or to set up differently; stop it at the end.
 *
 * @param settings Redis settings by their names in redis.conf, e.g. `{ 'maxmemory-policy': 'allkeys-lru' }`
 */
export function startRedisServer(settings: Record<string, string> = {}): Promise<RedisServer> {
  return startRedis({ purpose: 'a test of its own', log: console.error, settings })
}

function fromSetup(name: string): string {
  const value = process.env[name]
  if (!value)
    throw new Error(`${name}: expected the tests' set-up (dev/test-setup.ts) to have set it; run vitest from the root`)
  return value
}
