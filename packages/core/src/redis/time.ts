import type { LaneRedis } from '@chatlane/lanes'

/** Redis' clock, ms since 1970: the one clock that all processes of a deployment share. */
export async function redisTime(redis: LaneRedis): Promise<number> {
  const [seconds = 0, microseconds = 0] = (await redis.time()).map(Number)
  return seconds * 1_000 + Math.floor(microseconds / 1_000)
}
