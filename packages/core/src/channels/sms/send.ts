import twilio from 'twilio'
import { z } from 'zod'
import type { TwilioConfig } from '../../config/config.ts'
import type { Handling } from '../../errors/catalog.ts'

/** Twilio's library waits 30 s unless told otherwise; a lane should not. */
const TIMEOUT_MS = 15_000

export interface OutgoingSms {
  to: string
  from?: string
  messagingServiceSid?: string
  body: string
  /** Where Twilio tells what becomes of the message. */
  statusCallback?: string
}

/** A create that did not succeed, with what to do about it. Holds no credentials and no text. */
export class SmsError extends Error {
  override readonly name = 'SmsError'
  /** A short stable word: `opted_out`, `twilio_<code>`, `unclear`, `unreachable`, `throttled`, `credentials`. */
  readonly reason: string
  readonly handling: Exclude<Handling, 'gone'>
  readonly retryAfterMs: number | undefined

  constructor(reason: string, handling: SmsError['handling'], message: string, retryAfterMs?: number) {
    super(message)
    this.reason = reason
    this.handling = handling
    this.retryAfterMs = retryAfterMs
  }
}

/** What is looked for among the messages that Twilio has. */
export interface SmsSearch {
  to: string
  from?: string
  body: string
  /** Created at this time or later, ms. */
  since: number
  /** Ids of messages that are known to be others. */
  except: readonly string[]
}

export interface SmsSender {
  /** Resolves with Twilio's id of the message. @throws SmsError */
  send(message: OutgoingSms): Promise<string>
  /** Twilio's id of the oldest message that fits, undefined when there is none. @throws SmsError */
  find(search: SmsSearch): Promise<string | undefined>
}

/** Messages looked at, newest first: sends to one address are seconds apart. */
const NEWEST = 50

/** Sends through Twilio's REST API with Twilio's own library. Nothing is repeated here. */
export function createSmsSender(config: TwilioConfig): SmsSender {
  const { accountSid, authToken, apiKeySid, apiKeySecret } = config
  const options = { accountSid, timeout: TIMEOUT_MS, keepAlive: true, maxSockets: 50 }
  const client =
    apiKeySid !== undefined && apiKeySecret !== undefined
      ? twilio(apiKeySid, apiKeySecret, options)
      : twilio(accountSid, authToken, options)
  if (config.baseUrl !== undefined) client.api.baseUrl = config.baseUrl
  return {
    async send({ to, from, messagingServiceSid, body, statusCallback }) {
      try {
        const created = await client.messages.create({
          to,
          body,
          // The sender that the participant wrote to; a Messaging Service alone would choose one of its own.
          ...(from !== undefined && { from }),
          ...(messagingServiceSid !== undefined && { messagingServiceSid }),
          ...(statusCallback !== undefined && { statusCallback }),
        })
        return created.sid
      } catch (error) {
        throw classify(error)
      }
    },
    async find({ to, from, body, since, except }) {
      try {
        const newest = await client.messages.list({ to, limit: NEWEST, ...(from !== undefined && { from }) })
        const fitting = newest.filter(
          (message) => message.body === body && message.dateCreated.getTime() >= since && !except.includes(message.sid),
        )
        return fitting.at(-1)?.sid
      } catch (error) {
        throw classify(error)
      }
    },
  }
}

const failure = z.object({
  status: z.number().optional().catch(undefined),
  code: z.union([z.number(), z.string()]).optional().catch(undefined),
})

/** Codes of connections that were never made. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

/** Codes by which Twilio asks to come back later: its queue for this sender is full, or its loop guard holds for 30 s. */
const LATER = new Set([21611, 14107])

/**
 * Sorts an error of Twilio's library. A create has no idempotency key, so whatever may have taken effect is `unclear`
 * (twilio.com/docs/api/errors/20500); a 429 is never processed (…/20429).
 */
function classify(error: unknown): SmsError {
  const { status, code } = failure.safeParse(error).data ?? {}
  if (status === 429 || code === 20429) return new SmsError('throttled', 'retry_after', 'Twilio answered 429')
  if (status === undefined) {
    const name = typeof code === 'string' ? code : 'no answer'
    if (NEVER_SENT.has(name)) return new SmsError('unreachable', 'retry', `Twilio cannot be reached: ${name}`)
    return new SmsError('unclear', 'unclear', `Twilio did not answer: ${name}`)
  }
  const text = `Twilio answered ${status}${code === undefined ? '' : `, code ${code}`}`
  if (status >= 500 || status < 400) return new SmsError('unclear', 'unclear', text)
  if (status === 401 || code === 20003 || code === 20005) return new SmsError('credentials', 'credentials', text)
  if (code === 21610) return new SmsError('opted_out', 'permanent', text)
  if (typeof code === 'number' && LATER.has(code)) return new SmsError(`twilio_${code}`, 'retry_after', text, 30_000)
  return new SmsError(code === undefined ? `twilio_http_${status}` : `twilio_${code}`, 'permanent', text)
}
