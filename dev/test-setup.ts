import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { findRedis } from './redis/find.ts'
import type { FoundRedis } from './redis/found-redis.ts'

/** Vitest's global set-up: one Redis for the whole run. */
export default async function setup(): Promise<() => Promise<void>> {
  const redis = await findOrExit()
  console.error(`Redis for the tests: ${redis.how}`)
  const prefix = `chatlane-test-${randomBytes(4).toString('hex')}`
  // the workers that run the test files inherit these
  process.env.TEST_REDIS_URL = redis.url
  process.env.TEST_REDIS_PREFIX = prefix
  return async () => {
    await removeKeys(redis.url, prefix)
    await redis.stop()
  }
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

/** A Redis given by REDIS_URL is left as it was found. */
async function removeKeys(url: string, prefix: string): Promise<void> {
  const redis = new Redis(url, { retryStrategy: () => null })
  for await (const keys of redis.scanStream({ match: `*${prefix}-*`, count: 1000 })) {
    if (keys.length > 0) await redis.unlink(keys)
  }
  redis.disconnect()
}
