import type { Answer } from './api.ts'
import { Latencies } from './latencies.ts'
import type { SentMessage } from './message.ts'

/** What is counted while the run goes on. */
export class Tally {
  /** Messages whose time has come. */
  due = 0
  accepted = 0
  /** Refused, or given up. */
  failed = 0
  repeated = 0
  readonly failedBy: Record<string, number> = {}
  readonly repeatedBy: Record<string, number> = {}
  readonly acceptance = new Latencies()
  readonly answer = new Latencies()
  /** How late this machine was with what it had to do. */
  readonly lateness = new Latencies()

  settled({ outcome, status, settledAt, plannedAt }: SentMessage): void {
    if (outcome !== 'accepted') {
      this.failed++
      count(this.failedBy, status)
      return
    }
    this.accepted++
    this.acceptance.add(settledAt - plannedAt)
  }

  repeat({ status }: Answer): void {
    this.repeated++
    count(this.repeatedBy, status)
  }
}

function count(counts: Record<string, number>, status: number | undefined): void {
  const name = status === undefined ? 'no answer' : String(status)
  counts[name] = (counts[name] ?? 0) + 1
}
