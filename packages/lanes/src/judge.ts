import type { Cause } from './burial.ts'
import type { Item } from './items.ts'
import { LeaseLostError, type Turn, type Verdict } from './turn.ts'

/** Finds out what became of an item whose last try did not come to its end; see `LaneWorkerOptions`. */
export type OnExhausted = (item: Item, turn: Turn) => Promise<Verdict | undefined>

export interface JudgeOptions {
  handler: (item: Item, turn: Turn) => Promise<Verdict>
  /** Tries before an item becomes a dead letter. */
  attempts: number
  onExhausted: OnExhausted | undefined
  /** Pause before the next try of an item whose handler threw; `tries` counts the one that threw. */
  backoffMs: (tries: number) => number
  /** True once the worker is to stop: the lane is handed back after the current item. */
  draining: () => boolean
}

/** Looks that may die themselves, before the item is given up without one. */
const MOST_LAST_LOOKS = 5

interface Judgement {
  verdict: Verdict
  /** The handler threw: it did not say what it did. */
  threw: boolean
}

/** One try. A retry for which no try is left is the end; after a handler that threw, what it did is looked for first. */
export async function judge(item: Item, turn: Turn, options: JudgeOptions): Promise<Verdict> {
  const { verdict, threw } = await tryOnce(item, turn, options)
  const last = turn.tries + 1 >= options.attempts
  if (verdict.do !== 'retry' || verdict.spend === false || !last) return verdict
  if (threw && options.onExhausted) return verdict
  const { detail = '', effects = [] } = verdict
  return { do: 'bury', reason: 'attempts_exhausted', detail, effects }
}

async function tryOnce(item: Item, turn: Turn, options: JudgeOptions): Promise<Judgement> {
  try {
    return { verdict: await options.handler(item, turn), threw: false }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    const verdict = interrupted(error, turn, options) ?? {
      do: 'retry',
      afterMs: options.backoffMs(turn.tries + 1),
      detail,
    }
    return { verdict, threw: true }
  }
}

/** The tries are spent, and the last one did not come to its end: what it did outside may be known, or found out. */
export async function lastLook(item: Item, turn: Turn, options: JudgeOptions): Promise<Verdict | Cause> {
  const exhausted = { do: 'bury', reason: 'attempts_exhausted' } as const
  if (!options.onExhausted || turn.tries >= options.attempts + MOST_LAST_LOOKS) return exhausted
  try {
    const verdict = await options.onExhausted(item, turn)
    return !verdict || (verdict.do === 'retry' && verdict.spend !== false) ? exhausted : verdict
  } catch (error) {
    return interrupted(error, turn, options) ?? exhausted
  }
}

/**
 * What follows from an error that comes of the run's own end; undefined for every other one.
 * @throws LeaseLostError when another run has, or will have, the lane
 */
function interrupted(error: unknown, turn: Turn, options: JudgeOptions): Verdict | undefined {
  if (error instanceof LeaseLostError) throw error
  if (!turn.signal.aborted) return undefined
  if (!options.draining()) throw new LeaseLostError(`the lease of lane ${turn.lane} ended`, { cause: error })
  // Handed back: the next run starts where this one was, at once and at no cost to the item.
  return { do: 'retry', afterMs: 0, spend: false }
}
