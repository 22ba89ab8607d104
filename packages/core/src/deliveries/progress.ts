import type { Effect, LaneRedis } from '@chatlane/lanes'
import { z } from 'zod'
import { conversationKeys } from '../conversations/keys.ts'

/** How far the sending of a message has come. Kept in the conversation's record, from before the first call until the commit. */
const progress = z.object({
  /** The message's entry in the ledger. */
  message: z.string(),
  /** The part that is on its way, or was when nobody heard of it any more. */
  part: z.number(),
  /** When its call began, ms; absent: it is not on its way. */
  at: z.number().optional(),
  /** When the call ended without a clear outcome, ms: Twilio is not at it any more. */
  over: z.number().optional(),
})
export type Progress = z.infer<typeof progress>

/** Messages that Twilio took, by its ids and the times at which it had answered, ms. */
const sent = z.array(z.tuple([z.string(), z.number()]))
export type Sent = z.infer<typeof sent>

/** Sends so long before another one cannot be taken for it, whatever the clocks say. */
const CLOSE_BY_MS = 10_000
const MOST_KEPT = 20

export function withSent(before: Sent, sid: string, now = Date.now()): Sent {
  return [...before.filter(([, at]) => at > now - CLOSE_BY_MS), [sid, now] satisfies Sent[number]].slice(-MOST_KEPT)
}

export interface SendingState {
  progress?: Progress
  /** The last messages that were sent in this conversation, as far as they were sent close to each other. */
  sent: Sent
}

export function progressEffects(prefix: string, lane: string, state: Progress, sent: Sent): Effect[] {
  const fields = ['sending', JSON.stringify(state), 'sent', JSON.stringify(sent)]
  return [['HSET', conversationKeys(prefix, lane).record, ...fields]]
}

/** The writes when a message is done with. */
export function doneEffects(prefix: string, lane: string, sent: Sent = []): Effect[] {
  const { record } = conversationKeys(prefix, lane)
  const kept: Effect[] = sent.length === 0 ? [] : [['HSET', record, 'sent', JSON.stringify(sent)]]
  return [['HDEL', record, 'sending'], ...kept]
}

export async function readSending(
  redis: LaneRedis,
  prefix: string,
  message: string,
  lane: string,
): Promise<SendingState> {
  const [sending, before] = await redis.hmget(conversationKeys(prefix, lane).record, 'sending', 'sent')
  const state = sending ? progress.parse(JSON.parse(sending)) : undefined
  return { ...(state?.message === message && { progress: state }), sent: before ? sent.parse(JSON.parse(before)) : [] }
}
