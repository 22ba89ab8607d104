import type { Logger } from '../logging/logger.ts'
import type { SharedPause } from '../upstream/shared-pause.ts'

/** Failures in a row, of webhooks of any conversations, after which it is the receiver that is down. */
const FAILURES_IN_A_ROW = 5

/** Pauses while it is, ms, doubling. */
const OUTAGE_MS = { first: 1_000, most: 60_000 }

/** Pause when the receiver is busy and does not say for how long. */
const BUSY_MS = 5_000

const LEAST_SPREAD_MS = 200

const WHY = {
  outage: 'the receiver of webhooks fails again and again: webhooks wait, nothing is lost',
  throttled: 'the receiver of webhooks asks for a pause: webhooks wait, nothing is lost',
}

/** Keeps the webhooks of all conversations and processes back while their receiver is down, or asks for it. */
export class ReceiverPause {
  readonly #shared: Pick<SharedPause, 'remainingMs' | 'hold'>
  readonly #logger: Logger
  #failures = 0
  #pauses = 0
  #reason: keyof typeof WHY | undefined

  constructor(shared: Pick<SharedPause, 'remainingMs' | 'hold'>, logger: Logger) {
    this.#shared = shared
    this.#logger = logger
  }

  /** How long a webhook that comes now has to wait, ms; 0: it may be sent. */
  get waitMs(): number {
    const { remainingMs } = this.#shared
    // Not everybody is to come back in the same millisecond.
    return remainingMs === 0 ? 0 : remainingMs + Math.random() * Math.max(remainingMs, LEAST_SPREAD_MS)
  }

  /** Why none is sent now; undefined: they are sent. */
  get reason(): keyof typeof WHY | undefined {
    return this.#shared.remainingMs === 0 ? undefined : (this.#reason ?? 'outage')
  }

  /** The receiver took a webhook. */
  passed(): void {
    if (this.#reason !== undefined) this.#logger.info({ event: 'webhooks_resumed' }, 'webhooks go on')
    this.#failures = 0
    this.#pauses = 0
    this.#reason = undefined
  }

  /** It did not. */
  failed(): void {
    this.#failures++
    // Those that were on their way together fail together: that is one pause.
    if (this.#failures < FAILURES_IN_A_ROW || this.#shared.remainingMs > 0) return
    this.#hold('outage', Math.min(OUTAGE_MS.most, OUTAGE_MS.first * 2 ** this.#pauses++))
  }

  /** It asks for a pause. */
  busy(retryAfterMs = BUSY_MS): void {
    this.#hold('throttled', retryAfterMs)
  }

  #hold(reason: keyof typeof WHY, ms: number): void {
    this.#shared.hold(ms)
    if (this.#reason === reason) return
    this.#reason = reason
    this.#logger.warn({ event: 'webhooks_paused', reason }, WHY[reason])
  }
}
