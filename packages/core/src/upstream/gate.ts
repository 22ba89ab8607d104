import { ChatlaneError } from '../errors/chatlane-error.ts'
import type { Logger } from '../logging/logger.ts'
import type { Operation } from '../uponai/requests.ts'
import { OutageBreaker } from './outage-breaker.ts'
import type { SharedPause } from './shared-pause.ts'

/**
 * Why no calls are made: UponAI asked us to wait, refuses our credentials (or redirects every call, which an operator has to
 * mend as well), or failed many times in a row (`outage`).
 */
export type PauseReason = 'throttled' | 'credentials' | 'outage'

/** What a probe of our credentials showed; `failed`: nothing, UponAI did not answer it. */
type ProbeOutcome = 'accepted' | 'refused' | 'failed'

/** First and longest pause between probes while our credentials are refused. */
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
 * fail at once with `UPONAI_PAUSED`, which costs a message nothing. What ends a pause is the time that was asked for, or a
 * probe, never somebody's message.
 */
export class UpstreamGate {
  readonly #options: UpstreamGateOptions
  readonly #breaker = new OutageBreaker()
  readonly #timer: NodeJS.Timeout
  #refused = false
  /** What the last refused probe was answered. */
  #refusal: string | undefined
  #probing: Promise<ProbeOutcome> | undefined
  #probeCredentialsAt = 0
  #probePauseMs = PROBE_CREDENTIALS_MS.first
  #told: PauseReason | undefined
  #looking = false

  constructor(options: UpstreamGateOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS)
  }

  /** Undefined: calls are made. */
  get paused(): PauseReason | undefined {
    if (this.#refused) return 'credentials'
    if (this.#breaker.open) return 'outage'
    return this.#options.asked.remainingMs > 0 ? 'throttled' : undefined
  }

  /**
   * Makes a call, unless a pause forbids it.
   * @param signal a call that we gave up ourselves says nothing of UponAI
   * @throws ChatlaneError `UPONAI_PAUSED`, or what the call throws
   */
  async call<T>(operation: Operation, call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { paused } = this
    if (paused !== undefined) throw this.#pausedError(paused)
    try {
      return await this.#breaker.watch(operation, call, signal)
    } catch (error) {
      throw error instanceof ChatlaneError ? await this.#learn(error) : error
    } finally {
      this.#tell()
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

  /** @returns the failure as its caller has to take it */
  async #learn(error: ChatlaneError): Promise<ChatlaneError> {
    const { handling, retryAfterMs, message, status, detail } = error
    if (handling === 'retry_after') this.#options.asked.hold(retryAfterMs ?? THROTTLED_MS)
    // A refusal may be about one text, chat or agent. Only if the probe is refused as well are the credentials bad for everyone.
    if (handling !== 'credentials' || this.#refused) return error
    if ((await this.#probeCredentials()) !== 'accepted') return error
    this.#options.logger.warn({ event: 'uponai_refused_one', status }, REFUSED_ONE)
    return new ChatlaneError('UPONAI_FORBIDDEN', `${message}, and accepts another call`, {
      status,
      detail,
      cause: error,
    })
  }

  async #look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    if (this.#breaker.open) await this.#breaker.tryToClose(this.#options.probe)
    if (this.#refused && Date.now() >= this.#probeCredentialsAt) await this.#probeCredentials()
    this.#tell()
    this.#looking = false
  }

  /** However many calls are refused together, one probe at a time. */
  #probeCredentials(): Promise<ProbeOutcome> {
    this.#probing ??= this.#askForCredentials().finally(() => {
      this.#probing = undefined
    })
    return this.#probing
  }

  async #askForCredentials(): Promise<ProbeOutcome> {
    const outcome = await this.#options.probe().then(
      () => 'accepted' as const,
      (error: unknown) => {
        if (!(error instanceof ChatlaneError) || error.handling !== 'credentials') return 'failed'
        this.#refusal = error.message
        return 'refused'
      },
    )
    this.#refused = outcome === 'refused'
    const { first, most } = PROBE_CREDENTIALS_MS
    this.#probeCredentialsAt = Date.now() + this.#probePauseMs
    this.#probePauseMs = this.#refused ? Math.min(2 * this.#probePauseMs, most) : first
    return outcome
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
    else logger.error({ event: 'uponai_paused', reason: paused, why: this.#refusal }, WHY[paused])
    onChange(paused)
  }
}

const REFUSED_ONE =
  'UponAI refuses one call and accepts others: that message is tried again, and becomes a dead letter when its tries are spent. Do chat and agent belong to this workspace? Does a firewall refuse the text?'

const WHY: Record<PauseReason, string> = {
  throttled: 'UponAI asks for a pause: turns wait, nothing is lost',
  credentials:
    'UponAI refuses our credentials, or redirects our calls: turns wait, nothing is lost. Set a valid UPONAI_API_KEY (and UPONAI_WORKSPACE_ID), or UPONAI_BASE_URL, and restart',
  outage: 'UponAI fails again and again: turns wait, nothing is lost, and go on when it answers',
}
