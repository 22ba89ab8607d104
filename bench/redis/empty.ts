import { Redis } from 'ioredis'
import { field } from './info.ts'

/** Empties Redis and its append-only file, so that no rewrite of it falls into a measurement. */
export async function emptyRedis(redisUrl: string): Promise<void> {
  const redis = new Redis(redisUrl)
  await redis.flushall()
  await redis.bgrewriteaof()
  while (rewrites(await redis.info('persistence'))) await new Promise((resolve) => setTimeout(resolve, 20))
  await redis.quit()
}

function rewrites(persistence: string): boolean {
  return field(persistence, 'aof_rewrite_in_progress') + field(persistence, 'aof_rewrite_scheduled') > 0
}
