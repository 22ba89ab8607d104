import { z } from 'zod'
import type { Handling } from '../../errors/catalog.ts'

/** A call to Twilio that did not succeed, with what to do about it. Holds no credentials and no text. */
export class SmsError extends Error {
  override readonly name = 'SmsError'
  /** A short stable word: `opted_out`, `twilio_<code>`, `unclear`, `unreachable`, `throttled`, `credentials`. */
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
  code: z.union([z.number(), z.string()]).optional().catch(undefined),
})

/** Codes by which Twilio asks to come back later: its queue for this sender is full, or its loop guard holds for 30 s. */
const LATER = new Set([21611, 14107])

/** A gateway's statuses: the server behind it may still be at the request. */
const GATEWAY = new Set([502, 504])

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
  if (status >= 500 || status < 400) return new SmsError('unclear', 'unclear', text, { answered })
  if (status === 401 || code === 20003 || code === 20005) return new SmsError('credentials', 'credentials', text)
  if (code === 21610) return new SmsError('opted_out', 'permanent', text)
  if (typeof code === 'number' && LATER.has(code))
    return new SmsError(`twilio_${code}`, 'retry_after', text, { retryAfterMs: 30_000 })
  return new SmsError(code === undefined ? `twilio_http_${status}` : `twilio_${code}`, 'permanent', text)
}

/** A 429: the account has too many requests in progress. */
export function throttled(retryAfterMs?: number): SmsError {
  return new SmsError('throttled', 'retry_after', 'Twilio answered 429', { retryAfterMs })
}
