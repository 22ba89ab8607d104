import { Redis } from 'ioredis'

/** Messages that wait in Chatlane's mailboxes. */
export async function storedMessages(redisUrl: string): Promise<number> {
  const redis = new Redis(redisUrl)
  try {
    let stored = 0
    for await (const keys of redis.scanStream({ match: '*:mail:*', count: 1_000 })) {
      const lengths = await Promise.all(keys.map((key: string) => redis.llen(key)))
      stored += lengths.reduce((sum, length) => sum + length, 0)
    }
    return stored
  } finally {
    redis.disconnect()
  }
}
