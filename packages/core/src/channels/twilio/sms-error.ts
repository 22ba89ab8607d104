import { z } from 'zod'
import type { Handling } from '../../errors/catalog.ts'
import { reasonOfCode, twilioCodes } from './codes.ts'

/** A call to Twilio that did not succeed, with what to do about it. Holds no credentials and no text. */
export class SmsError extends Error {
  override readonly name = 'SmsError'
  /** A short stable word: `opted_out`, `outside_window`, `twilio_<code>`, `unclear`, `unreachable`, `throttled`, `credentials`. */
  readonly reason: string
  readonly handling: Exclude<Handling, 'gone'>
  readonly retryAfterMs: number | undefined
  /** Twilio's own server said so: it is not at the request any more. */
  readonly answered: boolean

  constructor(
    reason: string,
    handling: SmsError['handling'],
    message: string,
    { retryAfterMs, answered = false }: { retryAfterMs?: number | undefined; answered?: boolean } = {},
  ) {
    super(message)
    this.reason = reason
    this.handling = handling
    this.retryAfterMs = retryAfterMs
    this.answered = answered
  }
}

const failure = z.object({
  status: z.number().optional().catch(undefined),
  code: z.union([z.int().positive(), z.string()]).optional().catch(undefined),
})

/** Pause of a message for which the code does not say more. */
const LATER_MS = 30_000

/** A gateway's statuses: the server behind it may still be at the request. */
const GATEWAY = new Set([502, 504])

/** Without a code that says more, these are about the account: payment required, forbidden. */
const REFUSING = new Set([402, 403])

/**
 * Sorts an error of Twilio's library. A create has no idempotency key, so whatever may have taken effect is `unclear`
 * (twilio.com/docs/api/errors/20500); a 429 is never processed (…/20429).
 */
export function classify(error: unknown): SmsError {
  if (error instanceof SmsError) return error
  const { status, code } = failure.safeParse(error).data ?? {}
  if (status === 429 || code === 20429) return throttled()
  if (status === undefined) return new SmsError('unclear', 'unclear', "Twilio's answer cannot be read")
  const text = `Twilio answered ${status}${code === undefined ? '' : `, code ${code}`}`
  const answered = !GATEWAY.has(status)
  if (status >= 500 || status < 400 || isUnclear(code)) return new SmsError('unclear', 'unclear', text, { answered })
  const entry = typeof code === 'number' ? twilioCodes.get(code) : undefined
  if (status === 401 || entry?.class === 'account' || (!entry && REFUSING.has(status)))
    return new SmsError('credentials', 'credentials', text)
  const reason = typeof code === 'number' ? reasonOfCode(code) : `twilio_http_${status}`
  if (entry?.class === 'later' || entry?.class === 'sender')
    return new SmsError(reason, 'retry_after', text, { retryAfterMs: entry.holdMs ?? LATER_MS })
  return new SmsError(reason, 'permanent', text)
}

function isUnclear(code: number | string | undefined): boolean {
  return typeof code === 'number' && twilioCodes.get(code)?.class === 'unclear'
}

/** A 429: the account has too many requests in progress. */
export function throttled(retryAfterMs?: number): SmsError {
  return new SmsError('throttled', 'retry_after', 'Twilio answered 429', { retryAfterMs })
}
