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
  /** The call ended without a clear outcome: Twilio is not at it any more. */
  over: z.boolean().optional(),
})
export type Progress = z.infer<typeof progress>

export interface SendingState {
  progress?: Progress
  /** Twilio's id of the last message that was sent in this conversation. */
  lastSid?: string
}

export function progressEffects(prefix: string, lane: string, state: Progress): Effect[] {
  return [['HSET', conversationKeys(prefix, lane).record, 'sending', JSON.stringify(state)]]
}

/** The writes when a message is done with. */
export function doneEffects(prefix: string, lane: string, lastSid: string | undefined): Effect[] {
  const { record } = conversationKeys(prefix, lane)
  const sid: Effect[] = lastSid === undefined ? [] : [['HSET', record, 'sid', lastSid]]
  return [['HDEL', record, 'sending'], ...sid]
}

export async function readSending(
  redis: LaneRedis,
  prefix: string,
  message: string,
  lane: string,
): Promise<SendingState> {
  const [text, lastSid] = await redis.hmget(conversationKeys(prefix, lane).record, 'sending', 'sid')
  const state = text ? progress.parse(JSON.parse(text)) : undefined
  return { ...(state?.message === message && { progress: state }), ...(lastSid && { lastSid }) }
}
