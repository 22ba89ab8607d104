import { Redis } from 'ioredis'
import type { FoundRedis } from './found-redis.ts'

/**
 * The Redis that REDIS_URL names, looked at once: a wrong address is told here, not by the first command minutes later.
 */
export async function givenRedis(url: string): Promise<FoundRedis> {
  if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol)) {
    throw new Error('REDIS_URL: expected redis://host:port or rediss://host:port')
  }
  const { protocol, host } = new URL(url)
  const shown = `${protocol}//${host}`
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: 5_000, retryStrategy: () => null })
  // ioredis reports the cause here; the rejected connect() only says that the connection is closed
  let cause: Error | undefined
  redis.on('error', (error) => {
    cause = error
  })
  try {
    await redis.connect()
    await redis.ping()
  } catch (error) {
    throw new Error(`REDIS_URL: expected a Redis at ${shown}: ${cause ?? error}`)
  } finally {
    redis.disconnect()
  }
  return { url, how: `REDIS_URL (${shown})`, stop: async () => {} }
}
