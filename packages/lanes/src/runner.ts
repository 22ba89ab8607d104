import { bury, type Cause, type OnBury } from './burial.ts'
import type { Item } from './items.ts'
import { type JudgeOptions, judge, lastLook } from './judge.ts'
import type { Lanes } from './lanes.ts'
import { forgetTried, triedEffects } from './tried.ts'
import type { Run, Turn, Verdict } from './turn.ts'
import { LeaseLostError } from './turn.ts'

/** Items fetched at a time. */
export const PREFETCH = 10

export interface RunnerOptions extends JudgeOptions {
  /** Items a run handles before it queues its lane behind the others. */
  itemsPerTurn: number
  /** What else is to be written, in the same step, when an item is buried. */
  onBury: OnBury
}

/** How a run ended: the lane is free, its job may have another one to go on with, or its head waits so many milliseconds. */
export type RunEnd = { parkedForMs: number } | { next: { lane: string; head: Item } } | 'over'

/**
 * Works a lane off, one item after the other, until it is empty or the run's budget is spent.
 * @throws LeaseLostError when another run took over; nothing of this run's is written after that
 */
export async function work(
  run: Run,
  lanes: Lanes,
  first: { items: Item[]; tries: number; crashed: boolean },
  options: RunnerOptions,
  mayGoOn: () => boolean,
): Promise<RunEnd> {
  let { items, tries, crashed } = first
  for (let left = options.itemsPerTurn; ; left--) {
    const [item, ...behind] = items
    if (!item) return 'over'
    if (run.lease.signal.aborted || run.lease.remainingMs() <= 0) {
      // Another run may have this item by now, or is to have it: not even begun here.
      await run.step({ after: 'park' })
      return { parkedForMs: 0 }
    }
    const turn = turnOf(run, tries, crashed)
    const verdict: Verdict | Cause =
      tries >= options.attempts ? await lastLook(item, turn, options) : await judge(item, turn, options)
    if (verdict.do === 'retry') {
      const { effects = [], detail = '' } = verdict
      const pauseMs = verdict.afterMs
      if (verdict.spend === false) await run.step({ after: 'park', pauseMs, effects })
      else {
        const tried = triedEffects(lanes, run.lane, { at: Date.now(), detail })
        await run.step({ after: 'spend', pauseMs, effects: [...effects, ...tried] })
      }
      return { parkedForMs: pauseMs }
    }
    const tried = tries > 0 || crashed
    const { effects, adds } =
      verdict.do === 'bury'
        ? await bury(lanes, item, turn, verdict, options.onBury)
        : {
            effects: [...(verdict.effects ?? []), ...(tried ? [forgetTried(lanes, run.lane)] : [])],
            adds: verdict.adds ?? [],
          }
    const yields = left <= 1 || options.draining()
    const want = yields || behind.length > 0 ? 0 : PREFETCH
    const goOn = mayGoOn() && !options.draining()
    const result = await run.step({ after: yields ? 'yield' : 'next', pop: item, want, goOn, effects, adds })
    if (result.next) return { next: result.next }
    if (result.released) return 'over'
    if (yields) return { parkedForMs: 0 }
    items = behind.length > 0 ? behind : result.items
    tries = 0
    crashed = false
  }
}

function turnOf(run: Run, tries: number, crashed: boolean): Turn {
  return {
    lane: run.lane,
    tries,
    crashed,
    signal: run.lease.signal,
    assertLease: (ms) => {
      if (run.lease.signal.aborted || run.lease.remainingMs() < ms) {
        throw new LeaseLostError(`the lease of lane ${run.lane} is (nearly) over`)
      }
    },
    record: async (effects, adds = []) => (await run.step({ after: 'stay', effects, adds })).effects,
  }
}
