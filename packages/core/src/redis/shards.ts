import type { LaneRedis } from '@chatlane/lanes'

/**
 * Notes how many shards this process spreads new conversations over, and gives the highest number that any process ever
 * noted: conversations stay on the shard that they began on, so it must go on being served when QUEUE_SHARDS is lowered.
 */
export async function noteShards(redis: LaneRedis, prefix: string, shards: number): Promise<number> {
  const key = `${prefix}:shards`
  await redis.zadd(key, 'GT', shards, 'highest')
  return Number((await redis.zscore(key, 'highest')) ?? shards)
}

/** How many shards hold conversations: the highest number that any process ever noted. */
export async function knownShards(redis: LaneRedis, prefix: string): Promise<number> {
  return Number((await redis.zscore(`${prefix}:shards`, 'highest')) ?? 1)
}
