import { Redis } from 'ioredis'
import type { FoundRedis } from '../redis/found-redis.ts'

/**
 * Removes all keys of a prefix from a Redis that was there before.
 * @throws Error in one line when it cannot be done
 */
export async function removeKeys({ url, own }: FoundRedis, prefix: string): Promise<void> {
  if (own) return
  const redis = new Redis(url, { connectTimeout: 5_000, commandTimeout: 10_000, retryStrategy: () => null })
  // told by the commands
  redis.on('error', () => {})
  try {
    for (let cursor = '0', first = true; first || cursor !== '0'; first = false) {
      const [next, keys] = await redis.scan(cursor, 'MATCH', `*${prefix}*`, 'COUNT', 1000)
      cursor = next
      if (keys.length > 0) await redis.unlink(keys)
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`keys beginning with ${prefix} stay in Redis: ${reason}`)
  } finally {
    redis.disconnect()
  }
}
