import type { DeadLetter } from './dead-letters.ts'
import type { Effect } from './effects.ts'
import type { Addition, Item } from './items.ts'
import type { Lanes } from './lanes.ts'
import type { Run, Turn, Verdict } from './turn.ts'
import { LeaseLostError } from './turn.ts'

/** Items fetched at a time. */
export const PREFETCH = 10

export interface RunnerOptions {
  handler: (item: Item, turn: Turn) => Promise<Verdict>
  /** Tries before an item becomes a dead letter. */
  attempts: number
  /** Pause before the next try of an item whose handler threw; `tries` counts the one that threw. */
  backoffMs: (tries: number) => number
  /** Items a run handles before it queues its lane behind the others. */
  itemsPerTurn: number
  /** What else is to be written, in the same step, when an item is buried. */
  onBury: (letter: DeadLetter, turn: Turn) => Burial | Promise<Burial>
  /** True once the worker is to stop: the lane is handed back after the current item. */
  draining: () => boolean
}

/** Writes and items for other lanes that belong to the step in which an item becomes a dead letter. */
export interface Burial {
  effects?: readonly Effect[]
  adds?: readonly Addition[]
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
  mayGoOn: boolean,
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
    let verdict: Verdict =
      tries >= options.attempts
        ? {
            do: 'bury',
            reason: 'attempts_exhausted',
            detail: 'no try came to its end: the worker died or Redis refused the commit',
          }
        : await judge(item, turn, options)
    if (verdict.do === 'retry') {
      const spend = verdict.spend ?? true
      if (!spend || tries + 1 < options.attempts) {
        await run.step({ after: spend ? 'spend' : 'park', effects: verdict.effects ?? [] })
        return { parkedForMs: verdict.afterMs }
      }
      verdict = {
        do: 'bury',
        reason: 'attempts_exhausted',
        detail: verdict.detail ?? '',
        effects: verdict.effects ?? [],
      }
    }
    let { effects = [], adds = [] } = verdict
    if (verdict.do === 'bury') {
      const { reason, detail } = verdict
      const letter = {
        ...item,
        lane: run.lane,
        reason,
        detail,
        tries: Math.min(tries + 1, options.attempts),
        at: Date.now(),
      }
      const more = await options.onBury(letter, turn)
      const kept = [...effects, ...lanes.deadLetters.keep(letter)]
      effects = [...kept, ...(more.effects ?? [])]
      adds = [...adds, ...(more.adds ?? []).map((add) => behindEffects(add, kept.length))]
    }
    const yields = left <= 1 || options.draining()
    const want = yields || behind.length > 0 ? 0 : PREFETCH
    const goOn = mayGoOn && !options.draining()
    const result = await run.step({ after: yields ? 'yield' : 'next', pop: item, want, goOn, effects, adds })
    if (result.next) return { next: result.next }
    if (result.released) return 'over'
    if (yields) return { parkedForMs: 0 }
    items = behind.length > 0 ? behind : result.items
    tries = 0
    crashed = false
  }
}

/** The same addition when so many effects come before those it was written for. */
function behindEffects(add: Addition, count: number): Addition {
  return typeof add.id === 'string' ? add : { ...add, id: { effect: add.id.effect + count } }
}

async function judge(item: Item, turn: Turn, options: RunnerOptions): Promise<Verdict> {
  try {
    return await options.handler(item, turn)
  } catch (error) {
    if (error instanceof LeaseLostError) throw error
    if (turn.signal.aborted) {
      if (!options.draining()) throw new LeaseLostError(`the lease of lane ${turn.lane} ended`, { cause: error })
      // Handed back: the next run starts where this one was, at once and at no cost to the item.
      return { do: 'retry', afterMs: 0, spend: false }
    }
    const detail = error instanceof Error ? error.message : String(error)
    return { do: 'retry', afterMs: options.backoffMs(turn.tries + 1), detail }
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
    record: async (effects, adds = []) => {
      await run.step({ after: 'stay', effects, adds })
    },
  }
}
