import type { Added, AddOptions } from './add.ts'
import type { Effect } from './effects.ts'
import type { Item } from './items.ts'
import type { ShardKeys } from './keys.ts'
import type { LaneRedis } from './script.ts'

/** An item that was given up, with the reason. */
export interface DeadLetter extends Item {
  lane: string
  /** A short stable code, e.g. `attempts_exhausted`. */
  reason: string
  /** What went wrong last, in words. */
  detail: string
  /** Tries that were spent. */
  tries: number
  /** When it was given up, ms since 1970. */
  at: number
}

/** The lane set whose dead letters these are. */
interface LaneSet {
  readonly connection: LaneRedis
  readonly shards: number
  shardOf(lane: string): number
  shardKeys(shard: number): ShardKeys
  add(lane: string, options: AddOptions): Promise<Added>
}

/** How long a dead letter is kept: 30 days. */
const KEPT_MS = 30 * 24 * 3_600_000

/** The dead letters of a lane set. They lie in the shard of their lane, one key each, and go after 30 days. */
export class DeadLetters {
  readonly #lanes: LaneSet

  constructor(lanes: LaneSet) {
    this.#lanes = lanes
  }

  /** The writes that keep a dead letter; part of the commit that takes the item off its lane. */
  keep(letter: DeadLetter): Effect[] {
    const keys = this.#lanes.shardKeys(this.#lanes.shardOf(letter.lane))
    const name = memberOf(letter.lane, letter.id)
    return [
      ['SET', keys.dead + name, JSON.stringify(letter), 'PX', KEPT_MS],
      ['ZADD', keys.deadIndex, letter.at, name],
      ['ZREMRANGEBYSCORE', keys.deadIndex, '-inf', letter.at - KEPT_MS],
    ]
  }

  /** The newest dead letters first, at most `limit` of each shard. */
  async list(limit = 100): Promise<DeadLetter[]> {
    const redis = this.#lanes.connection
    const perShard = Array.from({ length: this.#lanes.shards }, async (_, shard) => {
      const keys = this.#lanes.shardKeys(shard)
      const names = await redis.zrange(keys.deadIndex, '+inf', '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, limit)
      const texts = names.length === 0 ? [] : await redis.mget(names.map((name) => keys.dead + name))
      return texts.flatMap((text) => (text === null ? [] : [parseLetter(text)]))
    })
    return (await Promise.all(perShard)).flat().sort((a, b) => b.at - a.at)
  }

  async get(lane: string, id: string): Promise<DeadLetter | undefined> {
    const keys = this.#lanes.shardKeys(this.#lanes.shardOf(lane))
    const text = await this.#lanes.connection.get(keys.dead + memberOf(lane, id))
    return text === null ? undefined : parseLetter(text)
  }

  /**
   * Puts a dead letter at the end of its lane again, under the id it had, and takes it off the dead letters in the same
   * step. What was added to the lane since is handled before it. False when there is no such dead letter.
   */
  async replay(lane: string, id: string, effects: readonly Effect[] = []): Promise<boolean> {
    const letter = await this.get(lane, id)
    if (!letter) return false
    const added = await this.#lanes.add(lane, {
      id,
      data: letter.data,
      // Two operators who replay at once store one item; the mark goes after a minute, for a later failure of the same item.
      dedupe: { id: `replay:${id}:${letter.at}`, forMs: 60_000 },
      effects: [...effects, ...this.#forget(lane, id)],
    })
    return added.status === 'added'
  }

  /** False when there is no such dead letter. */
  async remove(lane: string, id: string): Promise<boolean> {
    const redis = this.#lanes.connection
    const keys = this.#lanes.shardKeys(this.#lanes.shardOf(lane))
    await redis.zrem(keys.deadIndex, memberOf(lane, id))
    return (await redis.del(keys.dead + memberOf(lane, id))) === 1
  }

  #forget(lane: string, id: string): Effect[] {
    const keys = this.#lanes.shardKeys(this.#lanes.shardOf(lane))
    return [
      ['DEL', keys.dead + memberOf(lane, id)],
      ['ZREM', keys.deadIndex, memberOf(lane, id)],
    ]
  }
}

/** The length keeps apart lane `a`, id `b:c` and lane `a:b`, id `c`. */
function memberOf(lane: string, id: string): string {
  return `${lane.length}:${lane}:${id}`
}

function parseLetter(text: string): DeadLetter {
  return JSON.parse(text)
}
