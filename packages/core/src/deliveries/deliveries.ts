import type { DeadLetter, Effect, Item, LaneRedis, Turn, Verdict } from '@chatlane/lanes'
import { backoff } from '@chatlane/lanes'
import { SmsError, type SmsSender } from '../channels/sms/send.ts'
import { splitText } from '../channels/sms/split.ts'
import { type DeliveryItem, deliveryItem } from '../conversations/items.ts'
import { conversationKeys } from '../conversations/keys.ts'
import { ledgerEffect, type MessageStatus } from '../conversations/ledger.ts'
import type { Logger } from '../logging/logger.ts'
import { doneEffects, type Progress, progressEffects, readSending, type Sent, withSent } from './progress.ts'
import { settle } from './settle.ts'

export interface DeliveryParts {
  redis: LaneRedis
  prefix: string
  sms: SmsSender
  /** Where providers reach the api, for status callbacks. */
  publicUrl: string
  backoffMs: number
  logger: Logger
}

/** Pauses where Twilio does not say how long, ms. */
const PAUSE_MS = { throttled: 2_000, credentials: 30_000 }

/** Sends the messages of conversations' delivery lanes, one after the other per conversation; see `LaneWorkerOptions`. */
export function createDeliveryHandler(parts: DeliveryParts) {
  const { logger, prefix } = parts
  return {
    async handler(item: Item, turn: Turn): Promise<Verdict> {
      const began = performance.now()
      const delivery = deliveryItem.parse(JSON.parse(item.data))
      const about = { conversation: turn.lane, message: item.id, to: delivery.to, tries: turn.tries }
      const line: Record<string, unknown> = about
      try {
        const { verdict, ...outcome } = await deliver({ ...parts, message: item.id, item: delivery, turn })
        Object.assign(line, outcome)
        return verdict
      } catch (error) {
        Object.assign(line, { outcome: 'error', err: error })
        throw error
      } finally {
        logger.info({ ...line, ms: Math.round(performance.now() - began) }, 'delivery')
      }
    },

    async onBury({ lane, id, reason }: DeadLetter): Promise<{ effects: Effect[] }> {
      const { progress } = await readSending(parts.redis, prefix, id, lane)
      // On its way when nobody heard of it any more: it may have been sent.
      const status = progress?.at === undefined ? 'failed' : 'unknown'
      return { effects: [...doneEffects(prefix, lane), ...statusEffects(prefix, lane, id, status, reason)] }
    },
  }
}

interface Delivery extends DeliveryParts {
  message: string
  item: DeliveryItem
  turn: Turn
}

interface Outcome {
  verdict: Verdict
  outcome: MessageStatus | 'later'
  parts?: number
  reason?: string
}

async function deliver(delivery: Delivery): Promise<Outcome> {
  const { item, turn, redis, prefix, message, sms } = delivery
  const texts = splitText(item.text)
  const { progress, sent: before } = await readSending(redis, prefix, message, turn.lane)
  let sent = before
  let part = progress?.part ?? 0
  let unknown = false
  if (progress?.at !== undefined) {
    const settled = await settle(sms, item, texts[part] ?? '', progress, sent)
    if (settled.outcome === 'later') {
      const verdict = { do: 'retry', afterMs: settled.afterMs, spend: false, detail: 'outcome not known yet' } as const
      return { verdict, outcome: 'later', reason: 'unclear' }
    }
    // Only now is it clear that this try came to nothing, and what it would mean if it was the last one.
    if (settled.outcome === 'not_sent' && progress.over !== undefined) return again(delivery, part, sent)
    if (settled.outcome === 'sent') sent = withSent(sent, settled.sid)
    if (settled.outcome === 'unknown') unknown = true
    if (settled.outcome !== 'not_sent') part++
  }
  for (; part < texts.length; part++) {
    const began = Date.now()
    const result = await sendPart(delivery, texts[part] ?? '', { message, part, at: began }, sent)
    if (typeof result !== 'string') return failed(delivery, result, { message, part, at: began }, sent, texts.length)
    sent = withSent(sent, result)
  }
  return done(delivery, unknown ? 'unknown' : 'sent', texts.length, { sent, ...(unknown && { reason: 'unclear' }) })
}

/** Twilio's id of the message, or why there is none. */
async function sendPart(delivery: Delivery, body: string, progress: Progress, sent: Sent): Promise<string | SmsError> {
  const { item, turn, message, prefix } = delivery
  const query = new URLSearchParams({ conversation: turn.lane, message, part: String(progress.part) })
  await turn.record(progressEffects(prefix, turn.lane, progress, sent))
  turn.assertLease(1_000)
  try {
    return await delivery.sms.send({
      to: item.to,
      body,
      ...(item.from !== undefined && { from: item.from }),
      ...(item.from === undefined && item.service !== undefined && { messagingServiceSid: item.service }),
      statusCallback: `${delivery.publicUrl}/webhooks/twilio/status?${query}`,
    })
  } catch (error) {
    if (error instanceof SmsError) return error
    throw error
  }
}

function failed(delivery: Delivery, error: SmsError, progress: Progress, sent: Sent, parts: number): Outcome {
  const { turn, prefix, message, backoffMs } = delivery
  const { reason } = error
  const { part } = progress
  if (error.handling === 'permanent') return done(delivery, 'failed', parts, { reason, sent })
  const state = error.handling === 'unclear' ? { ...progress, over: Date.now() } : { message, part }
  const pause = error.handling === 'credentials' ? PAUSE_MS.credentials : (error.retryAfterMs ?? PAUSE_MS.throttled)
  const spend = error.handling === 'retry'
  const afterMs = spend ? backoff(turn.tries + 1, backoffMs) : pause
  const effects = progressEffects(prefix, turn.lane, state, sent)
  return { verdict: { do: 'retry', afterMs, spend, effects, detail: error.message }, outcome: 'later', reason }
}

/** A call that ended without a clear outcome had no effect: it was one try. */
function again({ turn, prefix, message, backoffMs }: Delivery, part: number, sent: Sent): Outcome {
  const effects = progressEffects(prefix, turn.lane, { message, part }, sent)
  const afterMs = backoff(turn.tries + 1, backoffMs)
  return { verdict: { do: 'retry', afterMs, effects, detail: 'Twilio did not take it' }, outcome: 'later' }
}

function done(
  { prefix, turn, message }: Delivery,
  status: MessageStatus,
  parts: number,
  { sent, reason }: { sent: Sent; reason?: string },
): Outcome {
  const effects = [
    ...doneEffects(prefix, turn.lane, sent),
    ...statusEffects(prefix, turn.lane, message, status, reason),
  ]
  return { verdict: { do: 'commit', effects }, outcome: status, parts, ...(reason !== undefined && { reason }) }
}

function statusEffects(
  prefix: string,
  lane: string,
  message: string,
  status: MessageStatus,
  reason?: string,
): Effect[] {
  const entry = { kind: 'status' as const, message, status, ...(reason !== undefined && { reason }) }
  return [ledgerEffect(prefix, lane, entry), ['PUBLISH', conversationKeys(prefix, lane).live, lane]]
}
