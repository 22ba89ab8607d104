import type { Effect, LaneRedis } from '@chatlane/lanes'

/** Does the writes in one step. Their keys have to be in one hash slot. */
export async function writeTogether(redis: LaneRedis, effects: readonly Effect[]): Promise<void> {
  const pipeline = redis.multi()
  for (const [command, key, ...args] of effects) pipeline.call(command, key, ...args)
  await pipeline.exec()
}
