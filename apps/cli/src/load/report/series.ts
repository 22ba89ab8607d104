import { Latencies } from '../latencies.ts'
import type { Outcome } from '../result.ts'

/** One point of a line; `s` seconds since the start. */
export interface RatePoint {
  s: number
  perSecond: number
  line: string
}

export interface LatencyPoint {
  s: number
  ms: number
  line: string
}

/** `tail`: one of so many is slower. */
export interface TailPoint {
  tail: number
  ms: number
  line: string
}

export interface Series {
  rates: RatePoint[]
  waiting: { s: number; messages: number }[]
  acceptance: LatencyPoint[]
  answer: LatencyPoint[]
  tails: TailPoint[]
}

/** As many points as can be told apart on a line. */
const MOST_POINTS = 100

const PERCENTILES = [50, 90, 99]

/** Steps of the curve of percentiles. */
const TAIL_STEP = 1.15

/** What the plots show. Latencies stand where their messages were planned, counts where they happened. */
export function seriesOf(outcomes: readonly Outcome[], durationMs: number): Series {
  const last = outcomes.reduce((most, { answeredAt = 0 }) => Math.max(most, answeredAt), durationMs)
  const stepS = Math.max(1, Math.ceil(last / 1_000 / MOST_POINTS))
  const buckets = Math.max(1, Math.ceil(last / 1_000 / stepS))
  const count = (at: (outcome: Outcome) => number | undefined) => {
    const counts = Array.from({ length: buckets }, () => 0)
    for (const outcome of outcomes) {
      const ms = at(outcome)
      if (ms === undefined) continue
      const bucket = Math.min(buckets - 1, Math.floor(ms / 1_000 / stepS))
      counts[bucket] = (counts[bucket] ?? 0) + 1
    }
    return counts
  }
  const due = count(({ plannedAt }) => plannedAt)
  const accepted = count(({ acceptedAt }) => acceptedAt)
  const answered = count(({ answeredAt }) => answeredAt)
  const rates = (line: string, counts: readonly number[]) =>
    counts.map((n, bucket): RatePoint => ({ s: (bucket + 0.5) * stepS, perSecond: n / stepS, line }))
  // What never gets an answer does not wait for one: it is counted elsewhere.
  const begun = count(({ acceptedAt, answeredAt }) => (answeredAt === undefined ? undefined : acceptedAt))
  let open = 0
  const waiting = begun.map((n, bucket) => {
    open += n - (answered[bucket] ?? 0)
    return { s: (bucket + 1) * stepS, messages: open }
  })
  return {
    rates: [...rates('due', due), ...rates('accepted', accepted), ...rates('answered', answered)],
    waiting: [{ s: 0, messages: 0 }, ...waiting],
    acceptance: latencyPoints(outcomes, ({ acceptedAt }) => acceptedAt, stepS),
    answer: latencyPoints(outcomes, ({ answeredAt }) => answeredAt, stepS),
    tails: [
      ...tailPoints(outcomes, ({ acceptedAt }) => acceptedAt, 'acceptance'),
      ...tailPoints(outcomes, ({ answeredAt }) => answeredAt, 'answer'),
    ],
  }
}

function latencyPoints(
  outcomes: readonly Outcome[],
  endOf: (outcome: Outcome) => number | undefined,
  stepS: number,
): LatencyPoint[] {
  const buckets = new Map<number, number[]>()
  for (const outcome of outcomes) {
    const end = endOf(outcome)
    if (end === undefined) continue
    const bucket = Math.floor(outcome.plannedAt / 1_000 / stepS)
    const list = buckets.get(bucket) ?? []
    list.push(end - outcome.plannedAt)
    buckets.set(bucket, list)
  }
  const latencies = new Latencies()
  return [...buckets]
    .sort(([a], [b]) => a - b)
    .flatMap(([bucket, list]) => {
      latencies.clear()
      for (const ms of list) latencies.add(ms)
      return PERCENTILES.map((percent) => ({
        s: (bucket + 0.5) * stepS,
        ms: latencies.at(percent),
        line: `p${percent}`,
      }))
    })
}

function tailPoints(
  outcomes: readonly Outcome[],
  endOf: (outcome: Outcome) => number | undefined,
  line: string,
): TailPoint[] {
  const latencies = new Latencies()
  for (const outcome of outcomes) {
    const end = endOf(outcome)
    if (end !== undefined) latencies.add(end - outcome.plannedAt)
  }
  const { count } = latencies.summary()
  const points: TailPoint[] = []
  for (let tail = TAIL_STEP; tail < count; tail *= TAIL_STEP)
    points.push({ tail, ms: latencies.at(100 * (1 - 1 / tail)), line })
  if (count > 0) points.push({ tail: Math.max(TAIL_STEP, count), ms: latencies.at(100), line })
  return points
}
