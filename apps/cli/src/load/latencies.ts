import { createHistogram } from 'node:perf_hooks'

export interface LatencySummary {
  count: number
  /** Ms; null when there are none. */
  p50: number | null
  p90: number | null
  p99: number | null
  max: number | null
}

/** Longer ones count as this: an hour. */
const LONGEST_US = 3_600_000_000

/** Durations, kept as a histogram (HDR) that is right to a thousandth, whatever their number. */
export class Latencies {
  readonly #histogram = createHistogram({ lowest: 1, highest: LONGEST_US, figures: 3 })

  add(ms: number): void {
    this.#histogram.record(Math.min(LONGEST_US, Math.max(1, Math.round(ms * 1_000))))
  }

  summary(): LatencySummary {
    const { count } = this.#histogram
    const at = (percent: number) => (count === 0 ? null : this.at(percent))
    return { count, p50: at(50), p90: at(90), p99: at(99), max: at(100) }
  }

  /** Ms. @param percent of the durations that are not longer, above 0 */
  at(percent: number): number {
    return this.#histogram.percentile(percent) / 1_000
  }

  clear(): void {
    this.#histogram.reset()
  }
}
