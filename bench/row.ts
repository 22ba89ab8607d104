import type { Plot } from './plot.ts'
import type { Spread } from './spread.ts'

/** One line of the benchmark: what is measured, and how. */
export interface Row {
  n: number
  /** A few words, for the list of rows. */
  name: string
  /** What is measured against what, one sentence. */
  what: string
  /** What it has to reach, as people say it: `≥ 1.5 × plain BullMQ`. */
  reachText: string
  /**
   * Measures all sides, alternating, as many rounds as asked for.
   * @throws Error when a side lost, doubled or reordered something: then its speed says nothing
   */
  measure(context: Context): Promise<Outcome>
}

/** What a row finds. */
export interface Context {
  /** Of the benchmark's own, append-only with everysec, noeviction; whoever measures on it empties it first. */
  redisUrl: string
  rounds: number
  /** A number of messages, keys or milliseconds at the size asked for, at least `least`; the reach is meant for size 1. */
  sized(usual: number, least?: number): number
  /** A folder into which the measured processes write profiles of their CPU time; absent: they write none. */
  profileTo?: string
  /** Progress for people, to stderr; a line break is the caller's. */
  progress(text: string): void
}

/** What a row's rounds say. */
export interface Outcome {
  /** With the numbers that were really measured with. */
  name: string
  value: Spread
  /** Of `value` and `against`: `messages/s`. */
  unit: string
  /** The others' medians, by their names. */
  against: Record<string, number>
  /** What the reach is about, by name: mostly ours over the other's. */
  ratio: Record<string, Check>
  /** For people; the first line is the head, the first cell of it empty. */
  table: string[][]
  /** Sentences below the table. */
  notes?: string[]
  plots?: Plot[]
}

export interface Check {
  /** Taken within each round, then over the rounds: a machine that slows down slows both sides. */
  value: Spread
  /** Absent: only shown. */
  reach?: { least: number } | { most: number }
}

export function isMet({ value, reach }: Check): boolean {
  if (reach === undefined) return true
  return 'least' in reach ? value.median >= reach.least : value.median <= reach.most
}
