import type { Added, AddOptions } from './add.ts'
import type { Effect } from './effects.ts'
import type { Item } from './items.ts'
import type { ShardKeys } from './keys.ts'
import type { LaneRedis } from './script.ts'
import type { FailedTry } from './tried.ts'

/** An item that was given up, with the reason. */
export interface DeadLetter extends Item {
  lane: string
  /** A short stable code, e.g. `attempts_exhausted`. */
  reason: string
  /** What went wrong last, in words. */
  detail: string
  /** Tries that were spent. */
  tries: number
  /** The tries that failed, oldest first; of many the last ones. */
  history: FailedTry[]
  /** What the caller gave for it, see `Burial`. */
  note?: string
  /** When it was given up, ms since 1970. */
  at: number
  /** What is stored of it cannot be read: it has its lane, its id and its time, and can only be removed. */
  unreadable?: true
}

/** Where a list goes on: behind this dead letter. */
export type Place = Pick<DeadLetter, 'at' | 'lane' | 'id'>

export interface Replay {
  /** In place of the item's text. */
  data?: string
  /** Writes that belong to the same step. */
  effects?: readonly Effect[]
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

  /** The newest first, at most `limit`; with a place, those behind it. One of the same millisecond is a matter of its name. */
  async list(limit = 100, behind?: Place): Promise<DeadLetter[]> {
    const shards = Array.from({ length: this.#lanes.shards }, (_, shard) => this.#listShard(shard, limit, behind))
    return (await Promise.all(shards)).flat().sort(newestFirst).slice(0, limit)
  }

  async #listShard(shard: number, limit: number, behind: Place | undefined): Promise<DeadLetter[]> {
    const redis = this.#lanes.connection
    const keys = this.#lanes.shardKeys(shard)
    const found: DeadLetter[] = []
    for (let skip = 0; ; skip += limit) {
      const newest = behind?.at ?? '+inf'
      const range = [newest, '-inf', 'BYSCORE', 'REV', 'LIMIT', skip, limit, 'WITHSCORES'] as const
      const scored = await redis.zrange(keys.deadIndex, ...range)
      const names = scored.filter((_, i) => i % 2 === 0)
      const texts = names.length === 0 ? [] : await redis.mget(names.map((name) => keys.dead + name))
      const letters = names.flatMap((name, i) => {
        const text = texts[i]
        return typeof text === 'string' ? [parseLetter(text, name, Number(scored[2 * i + 1]))] : []
      })
      found.push(...letters.filter((letter) => !behind || newestFirst(behind, letter) < 0))
      if (found.length >= limit || names.length < limit) return found
    }
  }

  async get(lane: string, id: string): Promise<DeadLetter | undefined> {
    const keys = this.#lanes.shardKeys(this.#lanes.shardOf(lane))
    const name = memberOf(lane, id)
    const redis = this.#lanes.connection
    const [text, at] = await Promise.all([redis.get(keys.dead + name), redis.zscore(keys.deadIndex, name)])
    return text === null ? undefined : parseLetter(text, name, Number(at ?? 0))
  }

  /**
   * Puts a dead letter at the end of its lane again, under the id it had, and takes it off the dead letters in the same
   * step. What was added to the lane since is handled before it. False when there is no such dead letter, or it cannot be read.
   */
  async replay(lane: string, id: string, { data, effects = [] }: Replay = {}): Promise<boolean> {
    const letter = await this.get(lane, id)
    if (!letter || letter.unreadable) return false
    const added = await this.#lanes.add(lane, {
      id,
      data: data ?? letter.data,
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

/** The order of lists, which is Redis' own of the index: by time, then by the bytes of the name. */
export function newestFirst(a: Place, b: Place): number {
  return b.at - a.at || Buffer.compare(Buffer.from(memberOf(b.lane, b.id)), Buffer.from(memberOf(a.lane, a.id)))
}

/**
 * Reads a stored letter; letters of before there was a history have none.
 * @param name the letter's in the index
 * @param at its time there
 */
function parseLetter(text: string, name: string, at: number): DeadLetter {
  const letter = readLetter(text)
  if (letter) return { history: [], ...letter }
  const length = Number.parseInt(name, 10)
  const lane = name.slice(name.indexOf(':') + 1).slice(0, length)
  const id = name.slice(name.indexOf(':') + length + 2)
  const detail = 'what is stored of it cannot be read'
  return { lane, id, data: '', reason: 'unreadable', detail, tries: 0, history: [], at, unreadable: true }
}

type Stored = Omit<DeadLetter, 'history'> & Partial<Pick<DeadLetter, 'history'>>

function readLetter(text: string): Stored | undefined {
  try {
    const read: unknown = JSON.parse(text)
    return isLetter(read) ? read : undefined
  } catch {
    return undefined
  }
}

function isLetter(read: unknown): read is Stored {
  if (typeof read !== 'object' || read === null) return false
  const of = (name: string): unknown => Reflect.get(read, name)
  const history = of('history') ?? []
  return (
    ['lane', 'id', 'data', 'reason', 'detail'].every((name) => typeof of(name) === 'string') &&
    typeof of('tries') === 'number' &&
    isTime(of('at')) &&
    Array.isArray(history) &&
    history.every((one: unknown) => typeof one === 'object' && one !== null && isTime(Reflect.get(one, 'at')))
  )
}

/** Whether it is a time that a `Date` can be made of. */
function isTime(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) <= 8.64e15
}
