import type { LaneRedis } from '@chatlane/lanes'

const keyOf = (prefix: string) => `${prefix}:shards`

/**
 * Notes how many shards this process spreads new conversations over, and gives the highest number that any process ever
 * noted: conversations stay on the shard that they began on, so it must go on being served when QUEUE_SHARDS is lowered.
 */
export async function noteShards(redis: LaneRedis, prefix: string, shards: number): Promise<number> {
  return (await keepShards(redis, prefix, shards)).known
}

/**
 * The same for a process that noted the number before.
 * @param shards how many shards this process knows of
 * @returns `repaired`: the number was missing in Redis, or too low
 */
export async function keepShards(
  redis: LaneRedis,
  prefix: string,
  shards: number,
): Promise<{ known: number; repaired: boolean }> {
  const changed = await redis.zadd(keyOf(prefix), 'GT', 'CH', shards, 'highest')
  const known = Number((await redis.zscore(keyOf(prefix), 'highest')) ?? shards)
  return { known, repaired: Number(changed) > 0 }
}

/**
 * How many shards hold conversations: the highest number that any process ever noted.
 * @param least when nobody noted a higher one: what this process is set up for
 */
export async function knownShards(redis: LaneRedis, prefix: string, least: number): Promise<number> {
  return Math.max(least, Number((await redis.zscore(keyOf(prefix), 'highest')) ?? 1))
}
