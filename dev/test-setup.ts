import { randomBytes } from 'node:crypto'
import { type RedisCluster, startRedisCluster } from './redis/cluster.ts'
import { findRedis } from './redis/find.ts'
import type { FoundRedis } from './redis/found-redis.ts'
import { removeKeys } from './stack/remove-keys.ts'

/** Vitest's global set-up: one Redis for the whole run, and with TEST_REDIS=cluster a cluster for what is kept. */
export default async function setup(): Promise<() => Promise<void>> {
  const redis = await findOrExit()
  console.error(`Redis for the tests: ${redis.how}`)
  const cluster = await clusterIfAsked()
  const prefix = `chatlane-test-${randomBytes(4).toString('hex')}`
  // the workers that run the test files inherit these
  process.env.TEST_REDIS_URL = redis.url
  process.env.TEST_REDIS_PREFIX = prefix
  if (cluster) process.env.TEST_REDIS_CLUSTER = cluster.addresses
  return async () => {
    await cluster?.stop()
    await removeKeys(redis, prefix)
    await redis.stop()
  }
}

async function clusterIfAsked(): Promise<RedisCluster | undefined> {
  const asked = process.env.TEST_REDIS
  if (!asked) return undefined
  if (asked !== 'cluster') throw new Error(`TEST_REDIS: expected cluster or nothing, got "${asked}"`)
  const cluster = await startRedisCluster()
  console.error(`Redis Cluster for the tests: ${cluster.addresses}`)
  return cluster
}

/** A missing Redis is for the reader to mend: no stack trace. */
async function findOrExit(): Promise<FoundRedis> {
  try {
    // Nothing but the tests' own servers is killed: with everysec a slow disk would hold up everyone for seconds.
    return await findRedis({ purpose: 'the tests', log: console.error, settings: { appendfsync: 'no' } })
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  }
}
