import {
  backoff,
  type DeadLetter,
  type Effect,
  type Item,
  type LaneRedis,
  type Turn,
  type Verdict,
} from '@chatlane/lanes'
import { z } from 'zod'
import { SmsError, type SmsSender } from '../channels/sms/send.ts'
import { splitText } from '../channels/sms/split.ts'
import { type DeliveryItem, deliveryItem } from '../conversations/items.ts'
import { conversationKeys } from '../conversations/keys.ts'
import { ledgerEffect, type MessageStatus } from '../conversations/ledger.ts'
import type { Logger } from '../logging/logger.ts'

export interface DeliveryParts {
  redis: LaneRedis
  prefix: string
  sms: SmsSender
  /** Where providers reach the api, for status callbacks. */
  publicUrl: string
  backoffMs: number
  logger: Logger
}

/** How far the sending of a message of several parts has come; kept in the conversation's record while it goes on. */
const progress = z.object({ message: z.string(), part: z.number(), sending: z.boolean() })
type Progress = z.infer<typeof progress>

const PAUSE_MS = { throttled: 2_000, credentials: 30_000 }

/** Sends the messages of conversations' delivery lanes, one after the other per conversation; see `LaneWorkerOptions`. */
export function createDeliveryHandler(parts: DeliveryParts) {
  return {
    async handler(item: Item, turn: Turn): Promise<Verdict> {
      const began = performance.now()
      const delivery = deliveryItem.parse(JSON.parse(item.data))
      const line: Record<string, unknown> = {
        conversation: turn.lane,
        message: item.id,
        to: delivery.to,
        tries: turn.tries,
      }
      try {
        const { verdict, ...outcome } = await deliver(parts, item.id, delivery, turn)
        Object.assign(line, outcome)
        return verdict
      } catch (error) {
        Object.assign(line, { outcome: 'error', err: error })
        throw error
      } finally {
        parts.logger.info({ ...line, ms: Math.round(performance.now() - began) }, 'delivery')
      }
    },

    onBury(letter: DeadLetter): { effects: Effect[] } {
      return { effects: statusEffects(parts, letter.lane, letter.id, 'failed', letter.reason) }
    },
  }
}

interface Outcome {
  verdict: Verdict
  outcome: MessageStatus | 'later'
  parts?: number
  reason?: string
}

async function deliver(parts: DeliveryParts, message: string, item: DeliveryItem, turn: Turn): Promise<Outcome> {
  const texts = splitText(item.text)
  const before =
    turn.crashed || turn.tries > 0 || texts.length > 1 ? await readProgress(parts, message, turn.lane) : undefined
  let unknown = false
  let part = before?.part ?? 0
  if (before?.sending) {
    // The process died during the call. Twilio has no idempotency key: it is not sent again.
    unknown = true
    part++
  }
  for (; part < texts.length; part++) {
    const failure = await sendPart(parts, message, item, texts[part] ?? '', part, turn)
    if (failure?.handling === 'unclear') unknown = true
    else if (failure?.handling === 'permanent')
      return done(parts, turn.lane, message, 'failed', texts.length, failure.reason)
    else if (failure)
      return {
        verdict: later(parts, turn, failure, { message, part, sending: false }),
        outcome: 'later',
        reason: failure.reason,
      }
  }
  return done(parts, turn.lane, message, unknown ? 'unknown' : 'sent', texts.length, unknown ? 'unclear' : undefined)
}

/** Undefined when Twilio took the part. */
async function sendPart(
  parts: DeliveryParts,
  message: string,
  item: DeliveryItem,
  body: string,
  part: number,
  turn: Turn,
): Promise<SmsError | undefined> {
  const query = new URLSearchParams({ conversation: turn.lane, message, part: String(part) })
  await turn.record(progressEffects(parts, turn.lane, { message, part, sending: true }))
  turn.assertLease(1_000)
  try {
    await parts.sms.send({
      to: item.to,
      body,
      ...(item.from !== undefined && { from: item.from }),
      ...(item.from === undefined && item.service !== undefined && { messagingServiceSid: item.service }),
      statusCallback: `${parts.publicUrl}/webhooks/twilio/status?${query}`,
    })
    return undefined
  } catch (error) {
    if (error instanceof SmsError) return error
    throw error
  }
}

function later({ backoffMs, ...parts }: DeliveryParts, turn: Turn, failure: SmsError, state: Progress): Verdict {
  const effects = progressEffects({ backoffMs, ...parts }, turn.lane, state)
  const detail = failure.message
  if (failure.handling === 'retry') return { do: 'retry', afterMs: backoff(turn.tries + 1, backoffMs), effects, detail }
  const pause = failure.handling === 'credentials' ? PAUSE_MS.credentials : PAUSE_MS.throttled
  return { do: 'retry', afterMs: failure.retryAfterMs ?? pause, spend: false, effects, detail }
}

function done(
  parts: DeliveryParts,
  lane: string,
  message: string,
  status: MessageStatus,
  count: number,
  reason?: string,
): Outcome {
  const effects = [...progressEffects(parts, lane, undefined), ...statusEffects(parts, lane, message, status, reason)]
  return { verdict: { do: 'commit', effects }, outcome: status, parts: count, ...(reason !== undefined && { reason }) }
}

function statusEffects(
  { prefix }: DeliveryParts,
  lane: string,
  message: string,
  status: MessageStatus,
  reason?: string,
): Effect[] {
  const entry = { kind: 'status' as const, message, status, ...(reason !== undefined && { reason }) }
  return [ledgerEffect(prefix, lane, entry), ['PUBLISH', conversationKeys(prefix, lane).live, lane]]
}

function progressEffects({ prefix }: DeliveryParts, lane: string, state: Progress | undefined): Effect[] {
  const { record } = conversationKeys(prefix, lane)
  return [state ? ['HSET', record, 'sending', JSON.stringify(state)] : ['HDEL', record, 'sending']]
}

async function readProgress(
  { redis, prefix }: DeliveryParts,
  message: string,
  lane: string,
): Promise<Progress | undefined> {
  const text = await redis.hget(conversationKeys(prefix, lane).record, 'sending')
  const state = text === null ? undefined : progress.parse(JSON.parse(text))
  return state?.message === message ? state : undefined
}
