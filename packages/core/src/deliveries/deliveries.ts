import type { DeadLetter, Effect, Item, LaneRedis, Turn, Verdict } from '@chatlane/lanes'
import { backoff } from '@chatlane/lanes'
import { SmsError, type SmsSender } from '../channels/sms/send.ts'
import { splitText } from '../channels/sms/split.ts'
import { type DeliveryItem, deliveryItem } from '../conversations/items.ts'
import { conversationKeys } from '../conversations/keys.ts'
import { ledgerEffect, type MessageStatus } from '../conversations/ledger.ts'
import type { Logger } from '../logging/logger.ts'
import { doneEffects, type Progress, progressEffects, readSending } from './progress.ts'
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

    onBury({ lane, id, reason }: DeadLetter): { effects: Effect[] } {
      return {
        effects: [...doneEffects(prefix, lane, undefined), ...statusEffects(prefix, lane, id, 'failed', reason)],
      }
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
  const { progress, lastSid } = await readSending(redis, prefix, message, turn.lane)
  let sid = lastSid
  let part = progress?.part ?? 0
  let unknown = false
  if (progress?.at !== undefined) {
    const settled = await settle(sms, item, texts[part] ?? '', progress, lastSid)
    if (settled.outcome === 'later') {
      const verdict = { do: 'retry', afterMs: settled.afterMs, spend: false, detail: 'outcome not known yet' } as const
      return { verdict, outcome: 'later', reason: 'unclear' }
    }
    if (settled.outcome === 'sent') sid = settled.sid
    if (settled.outcome === 'unknown') unknown = true
    if (settled.outcome !== 'not_sent') part++
  }
  for (; part < texts.length; part++) {
    const result = await sendPart(delivery, texts[part] ?? '', part)
    if (typeof result !== 'string') return failed(delivery, result, part, texts.length)
    sid = result
  }
  return done(delivery, unknown ? 'unknown' : 'sent', texts.length, { sid, ...(unknown && { reason: 'unclear' }) })
}

/** Twilio's id of the message, or why there is none. */
async function sendPart(delivery: Delivery, body: string, part: number): Promise<string | SmsError> {
  const { item, turn, message, prefix } = delivery
  const query = new URLSearchParams({ conversation: turn.lane, message, part: String(part) })
  await turn.record(progressEffects(prefix, turn.lane, { message, part, at: Date.now() }))
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

function failed(delivery: Delivery, error: SmsError, part: number, parts: number): Outcome {
  const { turn, prefix, message, backoffMs } = delivery
  const { reason } = error
  if (error.handling === 'permanent') return done(delivery, 'failed', parts, { reason })
  const unclear = error.handling === 'unclear'
  const state: Progress = { message, part, ...(unclear && { at: Date.now(), over: true }) }
  const pause = error.handling === 'credentials' ? PAUSE_MS.credentials : (error.retryAfterMs ?? PAUSE_MS.throttled)
  const spend = error.handling === 'retry' || unclear
  const afterMs = error.handling === 'retry' ? backoff(turn.tries + 1, backoffMs) : pause
  const effects = progressEffects(prefix, turn.lane, state)
  return { verdict: { do: 'retry', afterMs, spend, effects, detail: error.message }, outcome: 'later', reason }
}

function done(
  { prefix, turn, message }: Delivery,
  status: MessageStatus,
  parts: number,
  { sid, reason }: { sid?: string | undefined; reason?: string },
): Outcome {
  const effects = [...doneEffects(prefix, turn.lane, sid), ...statusEffects(prefix, turn.lane, message, status, reason)]
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
