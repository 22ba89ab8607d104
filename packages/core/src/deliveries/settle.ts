import type { SmsSender } from '../channels/twilio/send.ts'
import { SmsError } from '../channels/twilio/sms-error.ts'
import type { DeliveryItem } from '../conversations/items.ts'
import type { Progress, Sent } from './progress.ts'

/**
 * After a call that ended without a clear outcome, what took effect is listed by then: soon when Twilio's own server
 * answered, later when nobody did, for it may still be at it.
 */
const LISTED_AFTER_MS = { answered: 3_000, unanswered: 10_000 }

/** A call of which nobody heard the end (the process died) is over by then: it waits at most 15 s for Twilio. */
const ABANDONED_AFTER_MS = 25_000

/** Without an answer from Twilio's list, or a callback, for this long, nobody can say any more. */
const GIVE_UP_AFTER_MS = 120_000

/** Pauses between two looks, ms: callbacks are looked for as well. */
const LOOK_AGAIN_MS = { first: 1_000, most: 5_000 }

export type Settled =
  | { outcome: 'sent'; sid: string }
  | { outcome: 'not_sent' }
  | { outcome: 'unknown' }
  | { outcome: 'later'; afterMs: number }

/** When the effect of a call that just failed is on Twilio's list, ms. */
export function listedAt({ answered }: SmsError): number {
  return Date.now() + (answered ? LISTED_AFTER_MS.answered : LISTED_AFTER_MS.unanswered)
}

/**
 * Finds out by Twilio's list of messages what became of a send without a clear outcome and without a callback.
 * `Messages.create` has no idempotency key, so it is never repeated before the list was asked, at a time when the message
 * would be on it.
 * @throws SmsError when nothing can be asked now: throttled, bad credentials
 */
export async function settle(
  sms: SmsSender,
  item: DeliveryItem,
  body: string,
  { part, at = 0, first = at, due = at + ABANDONED_AFTER_MS }: Progress,
  sent: Sent,
): Promise<Settled> {
  const asked = Date.now()
  try {
    const { sid, similar } = await sms.find({
      to: item.to,
      body,
      ...(part === 0 && item.media && { files: item.media.length }),
      since: first,
      except: sent.map(([sid]) => sid),
      ...(item.from !== undefined && { from: item.from }),
      ...(item.service !== undefined && { messagingServiceSid: item.service }),
    })
    if (sid !== undefined) return { outcome: 'sent', sid }
    if (!similar && asked >= due) return { outcome: 'not_sent' }
  } catch (error) {
    if (!(error instanceof SmsError)) throw error
    if (error.handling === 'permanent') return { outcome: 'unknown' }
    if (error.handling === 'retry_after' || error.handling === 'credentials') throw error
  }
  const left = due - Date.now()
  if (left < -GIVE_UP_AFTER_MS) return { outcome: 'unknown' }
  const { first: least, most } = LOOK_AGAIN_MS
  const afterMs = left > 0 ? Math.min(Math.max(left, least), most) : least + Math.random() * (most - least)
  return { outcome: 'later', afterMs }
}
