import type { Effect } from './effects.ts'
import type { AdditionTarget } from './items.ts'
import type { LaneRedis } from './script.ts'

/** A try that failed. */
export interface FailedTry {
  /** When it had failed, ms since 1970. */
  at: number
  /** What went wrong, in words. */
  detail: string
}

/** Of a head's tries the last ones are kept, as long as dead letters are; lua/lib.lua does the same for tries whose run died. */
const MOST_KEPT = 20
const KEPT_SECONDS = 30 * 24 * 3_600
const MOST_CHARACTERS = 500

/** The lane set that the lane belongs to. */
interface LaneSet extends AdditionTarget {
  readonly connection: LaneRedis
}

/** The writes that note a failed try of the lane's head. */
export function triedEffects(lanes: LaneSet, lane: string, { at, detail }: FailedTry): Effect[] {
  const key = keyOf(lanes, lane)
  return [
    ['RPUSH', key, `${at} ${detail.slice(0, MOST_CHARACTERS)}`],
    ['LTRIM', key, -MOST_KEPT, -1],
    ['EXPIRE', key, KEPT_SECONDS],
  ]
}

/** The write that belongs to the step in which a head that was tried before leaves its lane. */
export function forgetTried(lanes: LaneSet, lane: string): Effect {
  return ['DEL', keyOf(lanes, lane)]
}

/** The tries of the lane's head that failed, oldest first. */
export async function readTried(lanes: LaneSet, lane: string): Promise<FailedTry[]> {
  return (await lanes.connection.lrange(keyOf(lanes, lane), 0, -1)).map(parse)
}

/** The same with one more. */
export function withTry(before: readonly FailedTry[], { at, detail }: FailedTry): FailedTry[] {
  return [...before, { at, detail: detail.slice(0, MOST_CHARACTERS) }].slice(-MOST_KEPT)
}

function parse(stored: string): FailedTry {
  const cut = stored.indexOf(' ')
  return { at: Number(stored.slice(0, cut)), detail: stored.slice(cut + 1) }
}

function keyOf(lanes: LaneSet, lane: string): string {
  return `${lanes.stemOf(lanes.shardOf(lane))}tried:${lane}`
}
