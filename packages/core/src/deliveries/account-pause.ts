import { backoff } from '@chatlane/lanes'
import { SmsError } from '../channels/twilio/sms-error.ts'
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

export interface AccountPauseOptions {
  shared: SharedPause
  logger: Logger
  /** A call to Twilio that changes nothing and needs the credentials. */
  probe: () => Promise<unknown>
}

/**
 * Twilio limits requests in progress per account (20429) and refuses credentials for all of them: when one delivery is told
 * so, those of every process wait. Credentials that are refused for one conversation's messages only, and accepted for a
 * probe, hold up nobody else.
 */
export class AccountPause {
  readonly #options: AccountPauseOptions
  #reason: keyof typeof WHY | undefined
  #inRow = 0
  /** The conversation for which alone the credentials were refused. */
  #refused: string | undefined
  #probing: Promise<boolean> | undefined

  constructor(options: AccountPauseOptions) {
    this.#options = options
  }

  /** How long a delivery that comes now has to wait, ms; 0: it may call Twilio. */
  get waitMs(): number {
    const { remainingMs } = this.#options.shared
    return remainingMs === 0 ? 0 : remainingMs + Math.random() * SPREAD_MS
  }

  /** Why calls are not made now; undefined: they are made. */
  get reason(): keyof typeof WHY | undefined {
    return this.#options.shared.remainingMs === 0 ? undefined : (this.#reason ?? 'throttled')
  }

  /** Twilio took a call. */
  passed(): void {
    this.#refused = undefined
    if (this.#options.shared.remainingMs > 0) return
    if (this.#reason !== undefined) this.#options.logger.info({ event: 'twilio_resumed' }, 'deliveries go on')
    this.#reason = undefined
    this.#inRow = 0
  }

  /**
   * Begins a pause if the failure is one of the whole account.
   * @returns whether every delivery waits
   */
  async learn({ handling, reason, retryAfterMs }: SmsError, conversation: string): Promise<boolean> {
    if (reason === 'throttled') this.#hold('throttled', retryAfterMs ?? this.#throttledMs())
    else if (handling === 'credentials' && (await this.#isForAll(conversation)))
      this.#hold('credentials', CREDENTIALS_MS)
    return this.#options.shared.remainingMs > 0
  }

  /** Two conversations whose messages are refused, with none taken between them, are enough; for one alone a probe decides. */
  async #isForAll(conversation: string): Promise<boolean> {
    if (this.#refused !== undefined && this.#refused !== conversation) return true
    this.#probing ??= this.#probe().finally(() => {
      this.#probing = undefined
    })
    const isAccepted = await this.#probing
    if (!isAccepted || (this.#refused !== undefined && this.#refused !== conversation)) return true
    this.#refused = conversation
    this.#options.logger.warn({ event: 'twilio_refused_one', conversation }, REFUSED_ONE)
    return false
  }

  async #probe(): Promise<boolean> {
    try {
      await this.#options.probe()
      return true
    } catch (error) {
      if (error instanceof SmsError) return false
      throw error
    }
  }

  #throttledMs(): number {
    // Calls that were in progress together are refused together: that is once.
    if (this.#options.shared.remainingMs === 0) this.#inRow++
    const { first, most } = THROTTLED_MS
    return first / 2 + backoff(this.#inRow, first, most)
  }

  #hold(reason: keyof typeof WHY, ms: number): void {
    const { shared, logger } = this.#options
    shared.hold(ms)
    if (this.#reason === reason) return
    this.#reason = reason
    logger[reason === 'credentials' ? 'error' : 'info']({ event: 'twilio_paused', reason }, WHY[reason])
  }
}

const REFUSED_ONE =
  'Twilio refuses our credentials for one message and accepts them for another call: that message is tried again, and becomes a dead letter when its tries are spent'
