import type { LaneRedis } from '@chatlane/lanes'
import { shardKeys } from '../conversations/keys.ts'
import { redisTime } from '../redis/time.ts'

/** A closing this late is overdue: the deadlines are looked at every second. */
const AFTER_MS = 10_000

/** Conversations whose chat should have been closed more than 10 s ago. */
export async function overdueClosings(redis: LaneRedis, prefix: string, shards: number): Promise<number> {
  const before = (await redisTime(redis)) - AFTER_MS
  const each = Array.from({ length: shards }, (_, shard) =>
    redis.zcount(shardKeys(prefix, shard).closing, '-inf', before),
  )
  return (await Promise.all(each)).reduce((sum, count) => sum + count, 0)
}
