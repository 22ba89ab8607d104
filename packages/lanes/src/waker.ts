import type { Queue } from 'bullmq'

/** The job of a lane: its data is the lane's name. */
export interface LaneJob {
  lane: string
}

interface Wake {
  lane: string
  job: string
  done: () => void
}

/** Adds the jobs of lanes that became busy; those of one tick travel together. */
export class Waker {
  readonly #queue: Queue<LaneJob>
  readonly #onError: (error: unknown) => void
  #waiting: Wake[] = []

  constructor(queue: Queue<LaneJob>, onError: (error: unknown) => void) {
    this.#queue = queue
    this.#onError = onError
  }

  /** Resolves when the job is added, or when it could not be: the item is stored, and the sweeper wakes its lane. */
  add(lane: string, job: string): Promise<void> {
    return new Promise((done) => {
      if (this.#waiting.push({ lane, job, done }) === 1) queueMicrotask(() => void this.#flush())
    })
  }

  async #flush(): Promise<void> {
    const wakes = this.#waiting
    this.#waiting = []
    try {
      await this.#queue.addBulk(wakes.map(({ lane, job }) => ({ name: 'turn', data: { lane }, opts: { jobId: job } })))
    } catch (error) {
      this.#onError(error)
    }
    for (const wake of wakes) wake.done()
  }
}
