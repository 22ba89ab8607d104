import { encodeAdditions } from './additions.ts'
import type { Effect } from './effects.ts'
import { encodeEffects } from './effects.ts'
import { freshId } from './ids.ts'
import { type Addition, type Item, parseItem } from './items.ts'
import type { Lanes } from './lanes.ts'
import type { Lease } from './lease.ts'
import type { BatchedScript } from './script.ts'

/** This run is no longer the lane's newest, or its lease is over: another run has, or will have, the item. */
export class LeaseLostError extends Error {
  override name = 'LeaseLostError'
}

/** What becomes of an item that a handler looked at. */
export type Verdict =
  /** Done: it leaves the lane. */
  | { do: 'commit'; effects?: readonly Effect[]; adds?: readonly Addition[] }
  /** It keeps its place at the head and is tried again. `spend: false` when the try does not count against its budget. */
  | { do: 'retry'; afterMs: number; spend?: boolean; effects?: readonly Effect[]; detail?: string }
  /** It becomes a dead letter and the lane goes on. */
  | { do: 'bury'; reason: string; detail: string; effects?: readonly Effect[]; adds?: readonly Addition[] }

/** What a handler is given besides the item. */
export interface Turn {
  readonly lane: string
  /** Tries that this item has spent before this one. */
  readonly tries: number
  /** An earlier run died, or lost its lease, with this item in its hands: what it did outside is not known. */
  readonly crashed: boolean
  /** Aborts when the lease is lost or the worker's grace time is over. */
  readonly signal: AbortSignal
  /** Throws {@link LeaseLostError} unless the lease goes on for at least `ms` more. Ask just before each outside call. */
  assertLease(ms: number): void
  /**
   * Writes in the middle of an item, refused with {@link LeaseLostError} when another run has taken over.
   * @returns what Redis answered to each effect; undefined when the step was done, but its first answer got lost on the way
   */
  record(effects: readonly Effect[], adds?: readonly Addition[]): Promise<readonly unknown[] | undefined>
}

type After = 'stay' | 'next' | 'yield' | 'park' | 'spend'

export interface Step {
  after: After
  pop?: Item
  want?: number
  /** When the lane is released, go on with the one that waits longest. */
  goOn?: boolean
  /** How long the lane pauses after 'yield', 'park' or 'spend', ms. */
  pauseMs?: number
  effects?: readonly Effect[]
  adds?: readonly Addition[]
}

export interface StepResult {
  released: boolean
  /** Those that come next. */
  items: Item[]
  /** Of a 'stay': what Redis answered to the effects, where that is known. */
  effects?: readonly unknown[]
  /** The lane that the job goes on with, and its head. */
  next?: { lane: string; head: Item }
}

/** One run's hold on its lane: every write goes through here, under the run's fence. */
export class Run {
  readonly lane: string
  readonly lease: Lease
  readonly #job: string
  readonly #start: number
  readonly #lanes: Lanes
  readonly #commit: BatchedScript

  /** @param run the job that runs the lane, and which start of it this is: together the run's fence */
  constructor(lanes: Lanes, commit: BatchedScript, lane: string, run: { job: string; start: number }, lease: Lease) {
    this.#lanes = lanes
    this.#commit = commit
    this.lane = lane
    this.#job = run.job
    this.#start = run.start
    this.lease = lease
  }

  /** @throws LeaseLostError when the fence refused it */
  async step(step: Step): Promise<StepResult> {
    const keys: string[] = []
    const { tag } = this.#lanes.shardKeys(this.#lanes.shardOf(this.lane))
    const args: (string | number)[] = [this.lane, this.#job, this.#start, step.pop?.id ?? '', step.after]
    args.push(step.goOn ? '1' : '0', freshId())
    args.push(step.want ?? 0, Math.ceil(step.pauseMs ?? 0))
    encodeEffects(step.effects ?? [], tag, keys, args)
    encodeAdditions(step.adds ?? [], tag, args)
    const [status, reason, ...items] = await this.#commit.call({ keys, args })
    if (status === 'fenced') throw new LeaseLostError(`lane ${this.lane} was taken over by another run`)
    if (status === 'failed') throw new Error(`an effect of the commit failed: ${reason}`)
    if (step.after === 'stay') {
      const [effects] = items
      return { released: false, items: [], ...(Array.isArray(effects) && { effects }) }
    }
    const [lane, head] = items
    if (status === 'released' && lane !== undefined) {
      return { released: true, items: [], next: { lane: String(lane), head: parseItem(String(head)) } }
    }
    return {
      released: status === 'released',
      items: items.map((item) => parseItem(String(item))),
    }
  }
}
