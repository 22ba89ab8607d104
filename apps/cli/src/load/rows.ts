import type { LatencySummary } from './latencies.ts'
import type { LoadResult } from './result.ts'

export interface CountRow {
  name: string
  count: number
  note?: string
  /** One that has to be 0. */
  fault?: true
}

const FAULTS = [
  ['lost', 'lost', 'accepted, and not there'],
  ['doubled', 'doubled', 'there or answered more than once'],
  ['out_of_order', 'out of order', ''],
  ['wrong_answer', 'wrong answers', 'answers to nothing that was said there'],
  ['unanswered', 'unanswered', 'without an end, or without the answer that they are said to have'],
  ['unexpected', 'unexpected', 'texts that nobody expects'],
  ['not_checked', 'not checked', 'conversations that could not be read'],
] as const

/** What was counted, in the order in which people want to know it. Rows without a meaning in this run are left out. */
export function countRows({ counts, found, failedBy, repeatedBy, settings }: LoadResult): CountRow[] {
  const some = (name: string, count: number, note?: string): CountRow[] =>
    count === 0 ? [] : [{ name, count, ...(note && { note }) }]
  const unclear = `no answer or a 5xx to the end; ${counts.unclear_there} of them are there`
  return [
    { name: 'messages due', count: counts.due },
    { name: 'accepted', count: counts.accepted },
    ...some('refused', counts.refused, byStatus(failedBy)),
    ...some('unclear', counts.unclear, unclear),
    ...some('repeated requests', counts.repeated, byStatus(repeatedBy)),
    { name: 'answered', count: counts.answered },
    { name: 'dead-lettered', count: counts.dead_lettered },
    ...some('dropped by a rule', counts.dropped),
    ...some('moved to another conversation', counts.moved),
    ...some('left to an operator', counts.handed_off),
    ...FAULTS.filter(([kind]) => kind !== 'wrong_answer' || settings.expectEcho).map(
      ([kind, name, note]): CountRow => ({ name, count: found[kind], ...(note && { note }), fault: true }),
    ),
  ]
}

export function latencyRows({ acceptance, answer, lateness }: LoadResult): [string, LatencySummary][] {
  return [
    ['acceptance', acceptance],
    ['answer', answer],
    ['own lateness', lateness],
  ]
}

/** Slower than this itself, ms, the machine that writes spoils what it measures. */
const LATE_MS = 100

/** What a reader should know before believing the numbers. */
export function warnings({ lateness, interrupted, counts }: LoadResult): string[] {
  return [
    ...(counts.accepted === 0 ? ['Nothing was accepted.'] : []),
    ...(interrupted ? ['Stopped before its end.'] : []),
    ...((lateness.p99 ?? 0) > LATE_MS
      ? [
          `This machine did not keep up: it was ${ms(lateness.p99)} ms late with one message in a hundred. Use a lower rate, or several machines.`,
        ]
      : []),
  ]
}

/** Milliseconds, with as many digits as mean something. */
export function ms(value: number | null): string {
  if (value === null) return '–'
  return value < 10 ? value.toFixed(1) : String(Math.round(value))
}

function byStatus(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ')
}
