import type { LaneRedis } from '@chatlane/lanes'
import type { Queue } from 'bullmq'
import { shardKeys } from '../conversations/keys.ts'
import { redisTime } from '../redis/time.ts'

/** Time between two looks at the deadlines, by BullMQ's delayed job. */
export const EVERY_MS = 1_000

const SCHEDULER = 'deadlines'

/** The next look is due later than that, or a deadline passed so long ago: nobody looks. */
const LATE_MS = 5_000
const OVERDUE_MS = 15_000

/** Sets the delayed job; harmless when another process has done so. */
export async function schedule(queue: Queue): Promise<void> {
  await queue.upsertJobScheduler(SCHEDULER, { every: EVERY_MS })
}

/** Takes the job away, whatever became of it, and sets it anew: an upsert alone keeps a time that is far ahead. */
export async function reschedule(queue: Queue): Promise<void> {
  await queue.removeJobScheduler(SCHEDULER)
  await schedule(queue)
}

export interface ScheduleParts {
  redis: LaneRedis
  prefix: string
  shard: number
  queue: Queue
  /** See `MoveDueOptions`. */
  most: number
}

/**
 * Whether nobody is going to look at the deadlines of a shard: no job waits, runs or is due soon, or deadlines stay overdue
 * although there are places for closings. Right after a look ended that may be so for a moment.
 */
export async function isOffSchedule({ redis, prefix, shard, queue, most }: ScheduleParts): Promise<boolean> {
  const { closing, closings } = shardKeys(prefix, shard)
  const key = (name: string) => queue.toKey(name)
  const [now, waiting, active, next, first, places] = await Promise.all([
    redisTime(redis),
    redis.llen(key('wait')),
    redis.llen(key('active')),
    redis.zrange(key('delayed'), '0', '0', 'WITHSCORES'),
    redis.zrange(closing, '0', '0', 'WITHSCORES'),
    redis.zcard(closings).then((count) => most - count),
  ])
  const [, deadline] = first
  if (deadline !== undefined && Number(deadline) < now - OVERDUE_MS && places > 0) return true
  // BullMQ's score: the time in ms, times 4096, and a counter.
  const [, score] = next
  const soon = score !== undefined && Number(score) / 4_096 <= now + LATE_MS
  return waiting === 0 && active === 0 && !soon
}
