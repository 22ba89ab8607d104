import { setTimeout as passed } from 'node:timers/promises'
import type { LaneRedis, Lanes } from '@chatlane/lanes'
import type { ConversationItem } from '../conversations/items.ts'
import { shardKeys } from '../conversations/keys.ts'
import { redisTime } from '../redis/time.ts'

/** How soon a place that a closing left is given to the next one. */
const LOOK_EVERY_MS = 50

/** A closing of which nothing was heard for so long (its worker died with it, say) holds no place any more. */
const GIVEN_UP_MS = 60_000

export interface MoveDueOptions {
  redis: LaneRedis
  prefix: string
  shard: number
  lanes: Lanes
  /** Closings of the shard that may be in the lanes at once; more would stand before people's messages. */
  most: number
  /** For how long what is due is moved as places become free, ms. */
  forMs: number
}

/**
 * Puts a `close` item into the lane of each conversation whose deadline has passed by Redis' clock, the earliest first, as many
 * at a time as there are places for.
 */
export async function moveDue({ redis, prefix, shard, lanes, most, forMs }: MoveDueOptions): Promise<void> {
  const { closing, closings } = shardKeys(prefix, shard)
  const data = JSON.stringify({ kind: 'close' } satisfies ConversationItem)
  const until = performance.now() + forMs
  for (;;) {
    const now = await redisTime(redis)
    await redis.zremrangebyscore(closings, '-inf', now - GIVEN_UP_MS)
    const places = most - (await redis.zcard(closings))
    const due = places > 0 ? await redis.zrangebyscore(closing, '-inf', now, 'LIMIT', 0, places) : []
    await Promise.all(
      due.map((id) =>
        // The deadline leaves the set in the step that puts the item into the lane: neither is lost, whatever breaks.
        lanes.add(id, {
          id: `close:${now}`,
          data,
          effects: [
            ['ZREM', closing, id],
            ['ZADD', closings, now, id],
          ],
        }),
      ),
    )
    if (due.length < places || performance.now() >= until) return
    await passed(LOOK_EVERY_MS)
  }
}
