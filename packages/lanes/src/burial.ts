import type { DeadLetter } from './dead-letters.ts'
import type { Effect } from './effects.ts'
import type { Addition, Item } from './items.ts'
import type { Lanes } from './lanes.ts'
import { forgetTried, readTried, withTry } from './tried.ts'
import type { Turn, Verdict } from './turn.ts'

/** What the caller adds to the step in which an item becomes a dead letter. */
export interface Burial {
  effects?: readonly Effect[]
  adds?: readonly Addition[]
  /** A text of the caller's own that is kept with the dead letter. */
  note?: string
}

/** Asked when an item is about to become a dead letter. */
export type OnBury = (letter: DeadLetter, turn: Turn) => Burial | Promise<Burial>

/** Why an item is given up. */
export type Cause =
  | Extract<Verdict, { do: 'bury' }>
  /** Its tries were spent before this one began: the last of them never came to its end. */
  | { do: 'bury'; reason: 'attempts_exhausted' }

/** The writes and items for other lanes of the step in which an item becomes a dead letter. */
export async function bury(
  lanes: Lanes,
  item: Item,
  turn: Turn,
  cause: Cause,
  onBury: OnBury,
): Promise<{ effects: Effect[]; adds: Addition[] }> {
  const { lane, tries, crashed } = turn
  const at = Date.now()
  const tried = tries > 0 || crashed
  const before = tried ? await readTried(lanes, lane) : []
  const began = 'detail' in cause
  const letter: DeadLetter = {
    ...item,
    lane,
    reason: cause.reason,
    detail: began ? cause.detail : (before.at(-1)?.detail ?? 'its tries were spent'),
    tries: began ? tries + 1 : tries,
    history: began ? withTry(before, { at, detail: cause.detail }) : before,
    at,
  }
  const more = await onBury(letter, turn)
  const { effects = [], adds = [] } = began ? cause : {}
  const own = [
    ...effects,
    ...lanes.deadLetters.keep({ ...letter, ...(more.note !== undefined && { note: more.note }) }),
    ...(tried ? [forgetTried(lanes, lane)] : []),
  ]
  return {
    effects: [...own, ...(more.effects ?? [])],
    adds: [...adds, ...(more.adds ?? []).map((add) => behindEffects(add, own.length))],
  }
}

/** The same addition when so many effects come before those it was written for. */
function behindEffects(add: Addition, count: number): Addition {
  return typeof add.id === 'string' ? add : { ...add, id: { effect: add.id.effect + count } }
}
