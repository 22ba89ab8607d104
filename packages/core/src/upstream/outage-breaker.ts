import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  type IBackoff,
} from 'cockatiel'
import { ChatlaneError } from '../errors/chatlane-error.ts'
import type { Operation } from '../uponai/requests.ts'

/** Failures in a row, of calls for anyone, after which it is UponAI that fails; fewer than a message has tries. */
const FAILURES_IN_A_ROW = 5

/** First and longest pause between probes of an UponAI that failed. */
const PROBE_MS = { first: 1_000, most: 30_000 }

/** That UponAI shows what it has says nothing of whether it answers. */
const READS: ReadonlySet<Operation> = new Set([
  'get',
  'list',
  'agent-get',
  'agent-list',
  'agent-versions',
  'concurrency',
])

/** Opens when UponAI fails again and again, and closes when a probe goes well. */
export class OutageBreaker {
  readonly #breaker: CircuitBreakerPolicy
  /** Pauses since UponAI last did what it is there for. */
  #pauses = -1

  constructor() {
    this.#breaker = circuitBreaker(handleWhen(isOutage), {
      halfOpenAfter: { next: () => this.#nextPause() },
      breaker: new ConsecutiveBreaker(FAILURES_IN_A_ROW),
    })
  }

  get open(): boolean {
    return this.#breaker.state !== CircuitState.Closed
  }

  /**
   * Makes a call while it is not open. What is no outage counts as a success, a refusal too; of a read, only its failure counts.
   * @param signal a call that we gave up ourselves says nothing of UponAI
   * @throws what the call throws
   */
  async watch<T>(operation: Operation, call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (READS.has(operation)) return this.#watchFailure(call, signal)
    const outcome = await this.#breaker.execute(async () => {
      try {
        const value = await call()
        this.#pauses = -1
        return { value }
      } catch (error) {
        if (isOutage(error) && !signal?.aborted) throw error
        return { error }
      }
    })
    if ('error' in outcome) throw outcome.error
    return outcome.value
  }

  /** Closes if the probe goes well; until the present pause is over the probe is not made. */
  async tryToClose(probe: () => Promise<unknown>): Promise<void> {
    const alive = async () => {
      try {
        await probe()
      } catch (error) {
        // An answer is a sign of life, whatever it says.
        if (isOutage(error) && !isUnreadable(error)) throw error
      }
    }
    await this.#breaker.execute(alive).catch(() => {})
  }

  async #watchFailure<T>(call: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await call()
    } catch (error) {
      const counts = isOutage(error) && !signal?.aborted && !this.open
      if (counts) await this.#breaker.execute(() => Promise.reject(error)).catch(() => {})
      throw error
    }
  }

  /** Longer than the pause before if nothing but probes went well in between. */
  #nextPause(): IBackoff<unknown> {
    this.#pauses++
    const { first, most } = PROBE_MS
    return { duration: Math.min(most, first * 2 ** this.#pauses), next: () => this.#nextPause() }
  }
}

/** UponAI did not answer, or answered that something is wrong on its side. */
function isOutage(error: unknown): boolean {
  if (!(error instanceof ChatlaneError) || error.code === 'UPONAI_ABORTED') return false
  return error.handling === 'retry' || error.handling === 'unclear'
}

function isUnreadable(error: unknown): boolean {
  return error instanceof ChatlaneError && error.code === 'UPONAI_BAD_ANSWER'
}
