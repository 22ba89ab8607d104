import type { Logger } from '@chatlane/core'

/** While webhooks with a right signature come as often as this, wrong ones are a stranger's. */
const RIGHT_WITHIN_MS = 30_000

/** The log has no more than one line about it in so long. */
const TOLD_EVERY_MS = 10 * 60_000

/** However often wrong and right signatures alternate, messages are not looked for more often than this. */
const LOOK_EVERY_MS = 5 * 60_000

const WHY =
  'webhooks of our own TWILIO_ACCOUNT_SID are refused because of their signature: TWILIO_AUTH_TOKEN is not the account’s (any more), PUBLIC_URL is not the address that Twilio has, or a stranger makes them up'

export interface RefusedSignaturesOptions {
  logger: Logger
  /** Told of each. */
  onCount: () => void
  /** Told, seldom, that messages may have been refused since a time, ms. */
  onSuspicion: (since: number) => void
  /** Told that signatures are right again: what was refused can be looked for. */
  onRight: () => void
}

/**
 * Webhooks that name our Twilio account and whose signature is wrong. With an old auth token all of them are refused, and
 * nothing else tells. But anybody can write our account's SID into a form: so it is a note and a line in the log, never a
 * reason to be sent no requests, and costs a stranger nothing but that.
 */
export class RefusedSignatures {
  readonly #options: RefusedSignaturesOptions
  #since: number | undefined
  #told = Number.NEGATIVE_INFINITY
  #toldNow = false
  #looked = Number.NEGATIVE_INFINITY
  #right: number | undefined

  constructor(options: RefusedSignaturesOptions) {
    this.#options = options
  }

  /** What someone should see to; undefined when nothing is wrong. */
  get note(): string | undefined {
    return this.#since === undefined ? undefined : `since ${new Date(this.#since).toISOString()} ${WHY}`
  }

  /** A webhook of our account had a wrong signature. */
  refused(): void {
    this.#options.onCount()
    const now = Date.now()
    if (this.#right !== undefined && now - this.#right < RIGHT_WITHIN_MS) return
    const since = this.#since ?? this.#right ?? now
    if (this.#since === undefined) this.#options.onSuspicion(since)
    this.#since = since
    if (now - this.#told < TOLD_EVERY_MS) return
    this.#told = now
    this.#toldNow = true
    this.#options.logger.error({ event: 'webhooks_refused', since: new Date(since) }, WHY)
  }

  /** A webhook of our account had the right signature. */
  accepted(): void {
    const now = Date.now()
    this.#right = now
    if (this.#since === undefined) return
    this.#since = undefined
    if (this.#toldNow)
      this.#options.logger.info({ event: 'webhooks_taken' }, 'webhooks of our Twilio account are taken again')
    this.#toldNow = false
    if (now - this.#looked < LOOK_EVERY_MS) return
    this.#looked = now
    this.#options.onRight()
  }
}
