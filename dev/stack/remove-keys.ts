import { Redis } from 'ioredis'

/**
 * Removes all keys of a prefix: a Redis that is somebody's own is left as it was found.
 * @throws Error in one line when it cannot be done
 */
export async function removeKeys(redisUrl: string, prefix: string): Promise<void> {
  const redis = new Redis(redisUrl, { connectTimeout: 5_000, commandTimeout: 10_000, retryStrategy: () => null })
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
