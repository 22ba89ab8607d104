import type { Worker } from 'bullmq'

/**
 * The right of a run to its lane: BullMQ's lock on the lane's job. It is held until `until` by this process's own clock,
 * measured from before the request that set it, so that a process that was frozen sees on waking that its time is over.
 */
export interface Lease {
  readonly signal: AbortSignal
  /** Milliseconds left; 0 or less: over. */
  remainingMs(): number
  /** Ends the renewals. */
  release(): void
}

interface Held {
  token: string
  until: number
  controller: AbortController
}

/** Renews the leases of one BullMQ worker, all in one request, at a third of their length. */
export class Leases {
  readonly #worker: Pick<Worker, 'extendJobLocks'>
  readonly #durationMs: number
  readonly #held = new Map<string, Held>()
  readonly #timer: NodeJS.Timeout
  readonly #onError: (error: unknown) => void

  constructor(worker: Pick<Worker, 'extendJobLocks'>, durationMs: number, onError: (error: unknown) => void) {
    this.#worker = worker
    this.#durationMs = durationMs
    this.#onError = onError
    this.#timer = setInterval(() => void this.#renew(), durationMs / 3)
  }

  /** @param lockedAt when the job's lock was asked for, ms since 1970 (BullMQ's `processedOn`) */
  hold(jobId: string, token: string, lockedAt: number): Lease {
    const held: Held = { token, until: lockedAt + this.#durationMs, controller: new AbortController() }
    // An older run of this job in this same process: it lost its lease, or the job would not have been given out again.
    this.#held.get(jobId)?.controller.abort(new Error('a newer run has the lane'))
    this.#held.set(jobId, held)
    return {
      signal: held.controller.signal,
      remainingMs: () => held.until - Date.now(),
      release: () => {
        if (this.#held.get(jobId) === held) this.#held.delete(jobId)
      },
    }
  }

  /** Tells every run to stop: its signal aborts. */
  abortAll(reason: Error): void {
    for (const held of this.#held.values()) held.controller.abort(reason)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #renew(): Promise<void> {
    const asked = Date.now()
    const held = [...this.#held]
    if (held.length === 0) return
    for (const [id, lease] of held) {
      // A renewal was missed, and Redis may not answer the next one either.
      const left = lease.until - asked
      if (left <= this.#durationMs / 3) setTimeout(() => this.#endIfOver(id, lease), Math.max(left, 0)).unref()
    }
    try {
      const ids = held.map(([id]) => id)
      const tokens = held.map(([, { token }]) => token)
      const lost = new Set(await this.#worker.extendJobLocks(ids, tokens, this.#durationMs))
      for (const [id, lease] of held) {
        if (!lost.has(id)) lease.until = asked + this.#durationMs
        else if (this.#held.get(id) === lease) lease.controller.abort(new Error('the lease of this run is lost'))
      }
    } catch (error) {
      this.#onError(error)
    }
  }

  #endIfOver(id: string, lease: Held): void {
    if (this.#held.get(id) !== lease || lease.until > Date.now()) return
    lease.controller.abort(new Error('the lease of this run is over'))
  }
}
