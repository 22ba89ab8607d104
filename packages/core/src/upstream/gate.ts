import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  type IBackoff,
} from 'cockatiel'
import { ChatlaneError } from '../errors/chatlane-error.ts'
import type { Logger } from '../logging/logger.ts'
import type { Operation } from '../uponai/requests.ts'
import type { SharedPause } from './shared-pause.ts'

/**
 * Why no calls are made: UponAI asked us to wait, refuses our credentials, or failed many times in a row (`outage`).
 */
export type PauseReason = 'throttled' | 'credentials' | 'outage'

/** Failures in a row, of calls for anyone, after which it is UponAI that fails; fewer than a message has tries. */
const FAILURES_IN_A_ROW = 5

/** First and longest pause between probes of an UponAI that failed. */
const PROBE_MS = { first: 1_000, most: 30_000 }

/** An UponAI that fails again so soon after a probe went well fails for everything but probes. */
const SOON_MS = 60_000

/** The same while our credentials are refused. */
const PROBE_CREDENTIALS_MS = { first: 1_000, most: 15_000 }

/** Pause after a 429 that does not say for how long. */
const THROTTLED_MS = 2_000

/** How long an item waits that meets a pause of unknown length: the worker takes none until the pause is over anyway. */
const ASK_AGAIN_MS = 1_000

const LOOK_EVERY_MS = 100

export interface UpstreamGateOptions {
  /** The pause that UponAI asked for, shared by all processes. */
  asked: SharedPause
  /** A call that changes nothing and needs the credentials. */
  probe: () => Promise<unknown>
  logger: Logger
  /** Told when a pause begins, changes its reason, or ends (undefined). */
  onChange: (reason: PauseReason | undefined) => void
}

/**
 * Stands before every call to UponAI. While UponAI asks for a pause, refuses our credentials or fails again and again, calls
 * fail at once with `UPONAI_PAUSED`, which costs a message nothing. What ends a pause is a probe, never somebody's message.
 */
export class UpstreamGate {
  readonly #options: UpstreamGateOptions
  readonly #breaker: CircuitBreakerPolicy
  readonly #timer: NodeJS.Timeout
  #refused = false
  #probing: Promise<void> | undefined
  #probeCredentialsAt = 0
  #probePauseMs = PROBE_CREDENTIALS_MS.first
  #told: PauseReason | undefined
  #looking = false
  /** The breaker's pauses since UponAI last worked for longer. */
  #pauses = 0
  #closedAt = 0

  constructor(options: UpstreamGateOptions) {
    this.#options = options
    this.#breaker = circuitBreaker(handleWhen(isOutage), {
      halfOpenAfter: { next: () => this.#firstPause() },
      breaker: new ConsecutiveBreaker(FAILURES_IN_A_ROW),
    })
    this.#breaker.onReset(() => {
      this.#closedAt = Date.now()
    })
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS)
  }

  /** Undefined: calls are made. */
  get paused(): PauseReason | undefined {
    if (this.#refused) return 'credentials'
    if (this.#breaker.state !== CircuitState.Closed) return 'outage'
    return this.#options.asked.remainingMs > 0 ? 'throttled' : undefined
  }

  /**
   * Makes a call, unless a pause forbids it.
   * @param operation what is called: that UponAI shows its chats says nothing of whether it answers
   * @param signal a call that we gave up ourselves says nothing of UponAI
   * @throws ChatlaneError `UPONAI_PAUSED`, or what the call throws
   */
  async call<T>(operation: Operation, call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { paused } = this
    if (paused !== undefined) throw this.#pausedError(paused)
    try {
      return await this.#observed(call, READS.has(operation), signal)
    } catch (error) {
      if (error instanceof ChatlaneError) await this.#learn(error)
      throw error
    } finally {
      this.#tell()
    }
  }

  /** What is no outage counts as a success of UponAI's, a refusal too; of a read, nothing but its failure counts. */
  async #observed<T>(call: () => Promise<T>, read: boolean, signal?: AbortSignal): Promise<T> {
    const judged = async () => {
      try {
        return { value: await call() }
      } catch (error) {
        if (isOutage(error) && !signal?.aborted) throw error
        return { error }
      }
    }
    const outcome = await (read ? this.#failing(judged) : this.#breaker.execute(judged))
    if ('error' in outcome) throw outcome.error
    return outcome.value
  }

  /** Shows the breaker a call only if it fails. */
  async #failing<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      if (this.#breaker.state === CircuitState.Closed)
        await this.#breaker.execute(() => Promise.reject(error)).catch(() => {})
      throw error
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #pausedError(reason: PauseReason): ChatlaneError {
    const left = reason === 'throttled' ? this.#options.asked.remainingMs : ASK_AGAIN_MS
    // Not everybody in the same millisecond.
    const retryAfterMs = left + Math.random() * ASK_AGAIN_MS
    return new ChatlaneError('UPONAI_PAUSED', `no calls to UponAI for now: ${reason}`, { retryAfterMs })
  }

  async #learn({ handling, retryAfterMs }: ChatlaneError): Promise<void> {
    if (handling === 'retry_after') this.#options.asked.hold(retryAfterMs ?? THROTTLED_MS)
    // A refusal may be about one chat or agent. Only if the probe is refused as well are the credentials bad for everyone.
    if (handling === 'credentials' && !this.#refused) await this.#probeCredentials()
  }

  async #look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    // Until its pause is over the breaker refuses the probe without making it.
    if (this.#breaker.state !== CircuitState.Closed) await this.#breaker.execute(() => this.#probe()).catch(() => {})
    if (this.#refused && Date.now() >= this.#probeCredentialsAt) await this.#probeCredentials()
    this.#tell()
    this.#looking = false
  }

  /** @throws when UponAI still fails */
  async #probe(): Promise<void> {
    try {
      await this.#options.probe()
    } catch (error) {
      // An answer is a sign of life, whatever it says.
      const unread = error instanceof ChatlaneError && error.code === 'UPONAI_BAD_ANSWER'
      if (isOutage(error) && !unread) throw error
    }
  }

  /** The breaker's first pause: longer than the last one if UponAI did not work for long in between. */
  #firstPause(): IBackoff<unknown> {
    return this.#pause(Date.now() - this.#closedAt < SOON_MS ? this.#pauses + 1 : 0)
  }

  #pause(pauses: number): IBackoff<unknown> {
    this.#pauses = pauses
    const { first, most } = PROBE_MS
    return { duration: Math.min(most, first * 2 ** pauses), next: () => this.#pause(pauses + 1) }
  }

  /** However many calls are refused together, one probe at a time. */
  #probeCredentials(): Promise<void> {
    this.#probing ??= this.#askForCredentials().finally(() => {
      this.#probing = undefined
    })
    return this.#probing
  }

  async #askForCredentials(): Promise<void> {
    try {
      await this.#options.probe()
      this.#refused = false
    } catch (error) {
      this.#refused = error instanceof ChatlaneError && error.handling === 'credentials'
    }
    const { first, most } = PROBE_CREDENTIALS_MS
    this.#probeCredentialsAt = Date.now() + this.#probePauseMs
    this.#probePauseMs = this.#refused ? Math.min(2 * this.#probePauseMs, most) : first
  }

  #tell(): void {
    const { paused } = this
    if (paused === this.#told) return
    const before = this.#told
    this.#told = paused
    const { logger, onChange } = this.#options
    if (paused === undefined) logger.info({ event: 'uponai_resumed', was: before }, 'turns go on')
    else if (paused === 'throttled') logger.info({ event: 'uponai_paused', reason: paused }, WHY[paused])
    else if (paused === 'outage') logger.warn({ event: 'uponai_paused', reason: paused }, WHY[paused])
    else logger.error({ event: 'uponai_paused', reason: paused }, WHY[paused])
    onChange(paused)
  }
}

const WHY: Record<PauseReason, string> = {
  throttled: 'UponAI asks for a pause: turns wait, nothing is lost',
  credentials:
    'UponAI refuses our credentials: turns wait, nothing is lost. Set a valid UPONAI_API_KEY (and UPONAI_WORKSPACE_ID) and restart',
  outage: 'UponAI fails again and again: turns wait, nothing is lost, and go on when it answers',
}

const READS: ReadonlySet<Operation> = new Set(['get', 'list'])

/** UponAI did not answer, or answered that something is wrong on its side. */
function isOutage(error: unknown): boolean {
  if (!(error instanceof ChatlaneError) || error.code === 'UPONAI_ABORTED') return false
  return error.handling === 'retry' || error.handling === 'unclear'
}
