import type { Worker } from 'bullmq'

/** What a worker takes at first, per queue. */
const FIRST = 50

const LOOK_EVERY_MS = 50

/** A process that is so late with its own timer has enough to do for now. */
const BUSY_MS = 250

/**
 * Lets a worker's concurrency grow to what was asked for, by half of it at a time, while its process keeps up. A fresh one
 * that takes thousands of waiting lanes at once is at work on their beginnings for so long that leases run out before
 * anything is done; one that got so late takes less, until it keeps up again.
 */
export class Growth {
  readonly #workers: readonly Pick<Worker, 'concurrency'>[]
  readonly #most: number
  readonly #tooLateMs: number
  readonly #timer: NodeJS.Timeout
  #now: number
  #looked = performance.now()

  /**
   * @param most concurrency of each of the workers in the end
   * @param leaseMs a good part of that late: too much was taken
   */
  constructor(workers: readonly Pick<Worker, 'concurrency'>[], most: number, leaseMs: number) {
    this.#workers = workers
    this.#most = most
    this.#tooLateMs = leaseMs / 5
    this.#now = firstOf(most)
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const now = performance.now()
    const lateMs = now - this.#looked - LOOK_EVERY_MS
    this.#looked = now
    if (lateMs > this.#tooLateMs) this.#set(Math.max(firstOf(this.#most), Math.floor(this.#now / 2)))
    else if (lateMs < BUSY_MS && this.#now < this.#most) this.#set(Math.min(this.#most, Math.ceil(this.#now * 1.5)))
  }

  #set(concurrency: number): void {
    this.#now = concurrency
    for (const worker of this.#workers) worker.concurrency = concurrency
  }
}

/** The concurrency to begin with. */
export function firstOf(most: number): number {
  return Math.min(most, FIRST)
}
