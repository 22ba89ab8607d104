import { SLICE_MS } from '../upstream/messages.ts'
import type { Answered } from '../upstream/upstream.ts'
import { median } from './samples.ts'

/** Answers per second between the one of this number and the one of that. */
export function rateBetween(slices: Answered['slices'], from: number, to: number): number {
  return ((to - from) / (timeOf(slices, to) - timeOf(slices, from))) * 1_000
}

/** When the answer of this number was given, ms since 1970; within a slice of time evenly. */
export function timeOf(slices: Answered['slices'], number: number): number {
  let before = 0
  for (const [at, count] of [...merged(slices)].sort(([a], [b]) => a - b)) {
    if (before + count >= number) return at + ((number - before) / count) * SLICE_MS
    before += count
  }
  throw new Error(`expected ${number} answers, there were ${before}`)
}

/** What is called full speed: that of a window of so many slices. */
const WINDOW_SLICES = 5
const FULL = 0.9

/**
 * When the first window began to be as fast as the middle of the run, or nearly.
 * @returns its end, ms since 1970, and the speed of the middle: the median of the windows of its second half
 */
export function fullSpeedAt(slices: Answered['slices']): { at: number; perSecond: number } {
  const times = slices.map(([at]) => at)
  const [begin, end] = [Math.min(...times), Math.max(...times)]
  const counts = merged(slices)
  const windows: { end: number; answered: number }[] = []
  // The last slice may not be over.
  for (let at = begin; at + WINDOW_SLICES * SLICE_MS <= end; at += SLICE_MS) {
    const ends = at + WINDOW_SLICES * SLICE_MS
    let answered = 0
    for (let slice = at; slice < ends; slice += SLICE_MS) answered += counts.get(slice) ?? 0
    windows.push({ end: ends, answered })
  }
  const all = slices.reduce((sum, [, count]) => sum + count, 0)
  // Too few for a window.
  if (windows.length === 0) return { at: end + SLICE_MS, perSecond: (all / (end + SLICE_MS - begin)) * 1_000 }
  const usual = median(windows.slice(windows.length / 2).map(({ answered }) => answered))
  const first = windows.find(({ answered }) => answered >= FULL * usual)
  if (!first) throw new Error('expected a worker that answers')
  return { at: first.end, perSecond: (usual / (WINDOW_SLICES * SLICE_MS)) * 1_000 }
}

/** Who asked in the middle of a slice was told of it in two parts. */
function merged(slices: Answered['slices']): Map<number, number> {
  const counts = new Map<number, number>()
  for (const [at, count] of slices) counts.set(at, (counts.get(at) ?? 0) + count)
  return counts
}
