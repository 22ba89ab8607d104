import { SmsError, type SmsSender } from '../channels/sms/send.ts'
import type { DeliveryItem } from '../conversations/items.ts'
import type { Progress, Sent } from './progress.ts'

/** After a call that ended without a clear outcome, what took effect is listed by then. */
const LISTED_AFTER_MS = 3_000

/** A call of which nobody heard the end (the process died) is over by then: it waits at most 15 s for Twilio. */
const ABANDONED_AFTER_MS = 18_000

/** Twilio's times have whole seconds, and its clock is not ours. */
const CLOCK_TOLERANCE_MS = 2_000

/** Without an answer from Twilio's list for this long, nobody can say any more. */
const GIVE_UP_AFTER_MS = 120_000

export type Settled =
  | { outcome: 'sent'; sid: string }
  | { outcome: 'not_sent' }
  | { outcome: 'unknown' }
  | { outcome: 'later'; afterMs: number }

/**
 * Finds out what became of a send without a clear outcome. `Messages.create` has no idempotency key, so it is never repeated
 * before Twilio's list of messages was asked, at a time when the message would be on it.
 */
export async function settle(
  sms: SmsSender,
  item: DeliveryItem,
  body: string,
  { at = 0, over }: Progress,
  sent: Sent,
): Promise<Settled> {
  const due = over === undefined ? at + ABANDONED_AFTER_MS : over + LISTED_AFTER_MS
  try {
    const sid = await sms.find({
      to: item.to,
      body,
      since: at - CLOCK_TOLERANCE_MS,
      except: sent.map(([sid]) => sid),
      ...(item.from !== undefined && { from: item.from }),
    })
    if (sid !== undefined) return { outcome: 'sent', sid }
    if (Date.now() >= due) return { outcome: 'not_sent' }
  } catch (error) {
    if (!(error instanceof SmsError)) throw error
    if (error.handling === 'permanent' || Date.now() >= (over ?? at) + GIVE_UP_AFTER_MS) return { outcome: 'unknown' }
  }
  return { outcome: 'later', afterMs: Math.max(1_000, due - Date.now()) }
}
