import { backoff } from '@chatlane/lanes'
import type { SmsError } from '../channels/twilio/sms-error.ts'
import type { Logger } from '../logging/logger.ts'
import type { SharedPause } from '../upstream/shared-pause.ts'

/** Pauses, ms: after a 429 that does not say for how long, doubling while they go on; and while our credentials are refused. */
const THROTTLED_MS = { first: 500, most: 30_000 }
const CREDENTIALS_MS = 15_000

/** So that not everybody is back in the same millisecond. */
const SPREAD_MS = 1_000

const WHY = {
  throttled: 'Twilio asks for a pause: deliveries wait, nothing is lost',
  credentials:
    'Twilio refuses our credentials: deliveries wait, nothing is lost. Set valid TWILIO_* variables and restart the workers',
}

/**
 * Twilio limits requests in progress per account (20429) and refuses credentials for all of them: when one delivery is told
 * so, those of every process wait.
 */
export class AccountPause {
  readonly #shared: SharedPause
  readonly #logger: Logger
  #reason: keyof typeof WHY | undefined
  #inRow = 0

  constructor(shared: SharedPause, logger: Logger) {
    this.#shared = shared
    this.#logger = logger
  }

  /** How long a delivery that comes now has to wait, ms; 0: it may call Twilio. */
  get waitMs(): number {
    const { remainingMs } = this.#shared
    return remainingMs === 0 ? 0 : remainingMs + Math.random() * SPREAD_MS
  }

  /** Why calls are not made now; undefined: they are made. */
  get reason(): keyof typeof WHY | undefined {
    return this.#shared.remainingMs === 0 ? undefined : (this.#reason ?? 'throttled')
  }

  /** Twilio took a call. */
  passed(): void {
    if (this.#shared.remainingMs > 0) return
    if (this.#reason !== undefined) this.#logger.info({ event: 'twilio_resumed' }, 'deliveries go on')
    this.#reason = undefined
    this.#inRow = 0
  }

  /** Begins a pause if the failure is one of the whole account. */
  learn({ handling, reason, retryAfterMs }: SmsError): void {
    if (handling === 'credentials') this.#hold('credentials', CREDENTIALS_MS)
    else if (reason === 'throttled') this.#hold('throttled', retryAfterMs ?? this.#throttledMs())
  }

  #throttledMs(): number {
    // Calls that were in progress together are refused together: that is once.
    if (this.#shared.remainingMs === 0) this.#inRow++
    const { first, most } = THROTTLED_MS
    return first / 2 + backoff(this.#inRow, first, most)
  }

  #hold(reason: keyof typeof WHY, ms: number): void {
    this.#shared.hold(ms)
    if (this.#reason === reason) return
    this.#reason = reason
    this.#logger[reason === 'credentials' ? 'error' : 'info']({ event: 'twilio_paused', reason }, WHY[reason])
  }
}
