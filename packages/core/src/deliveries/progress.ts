import type { Effect, LaneRedis } from '@chatlane/lanes'
import { z } from 'zod'
import { CLOCK_TOLERANCE_MS } from '../channels/twilio/send.ts'
import { conversationKeys } from '../conversations/keys.ts'
import { WROTE } from '../conversations/reply-window.ts'
import { parseTold, type Told, toldKey } from '../conversations/told.ts'

/** How far the sending of a message has come. Kept in the conversation's record, from before the first call until the commit. */
const progress = z.object({
  /** The message's entry in the ledger. */
  message: z.string(),
  /** The part that is on its way, or was when nobody heard of it any more. */
  part: z.number(),
  /** When its call began, ms; absent: it is not on its way. */
  at: z.number().optional(),
  /** When the first call for this part began whose outcome was not clear, ms: what it sent counts for the part too. */
  first: z.number().optional(),
  /** When what the call did would be listed, ms; absent: nobody heard of its end. */
  due: z.number().optional(),
  /** It came to nothing as far as anyone can see, and that was counted as a try. */
  counted: z.boolean().optional(),
  /** Its place among what its sender sends, ms; `late`: it came too late to the one before. */
  slot: z.number().optional(),
  late: z.boolean().optional(),
  /** When the part was first refused by an answer that asks to come back later, ms. */
  since: z.number().optional(),
  /** Parts of which nobody can say whether they were sent. */
  unknown: z.array(z.number()).optional(),
})
export type Progress = z.infer<typeof progress>

/** Messages that Twilio took, by its ids and the times at which it had answered, ms. */
const sentOne = z.tuple([z.string(), z.number()])
/** One that cannot be read must not keep the conversation's other messages from being sent. */
const sent = z.array(z.unknown()).transform((all) =>
  all.flatMap((one) => {
    const { data } = sentOne.safeParse(one)
    return data ? [data] : []
  }),
)
export type Sent = z.infer<typeof sentOne>[]

/**
 * Sends so long before another one cannot be taken for it: the search's tolerance, and twice as much again, for what is
 * noted, dropped and searched can be by clocks that differ as much.
 */
const CLOSE_BY_MS = 3 * CLOCK_TOLERANCE_MS
/** More than one lane sends in that time, one call after the other: a message that was forgotten could be taken for another. */
const MOST_KEPT = 1_000

export function withSent(before: Sent, sids: readonly string[], now = Date.now()): Sent {
  const kept = before.filter(([sid, at]) => at > now - CLOSE_BY_MS && !sids.includes(sid))
  return [...kept, ...sids.map((sid): Sent[number] => [sid, now])].slice(-MOST_KEPT)
}

export interface SendingState {
  progress?: Progress
  /** The last messages that were sent in this conversation, as far as they were sent close to each other. */
  sent: Sent
  /** What Twilio's callbacks said of this message. */
  told: Told
  /** When the person last wrote, ms, where that matters. */
  wrote?: number
  /** The confirmation of an opt-out that was last sent. */
  confirmed?: string
}

export function progressEffects(prefix: string, lane: string, state: Progress, sent: Sent): Effect[] {
  const fields = ['sending', JSON.stringify(state), 'sent', JSON.stringify(sent)]
  return [['HSET', conversationKeys(prefix, lane).record, ...fields]]
}

/** The field of a conversation's record with the confirmation of an opt-out that was last sent, by its entry. */
const CONFIRMED = 'confirmed'

/** The write that notes that a confirmation was sent, or may have been. */
export function confirmedEffects(prefix: string, lane: string, message: string): Effect[] {
  return [['HSET', conversationKeys(prefix, lane).record, CONFIRMED, message]]
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
  const [[sending, before, wrote, confirmed], told] = await Promise.all([
    redis.hmget(conversationKeys(prefix, lane).record, 'sending', 'sent', WROTE, CONFIRMED),
    readTold(redis, prefix, message, lane),
  ])
  const state = sending ? progress.parse(JSON.parse(sending)) : undefined
  return {
    ...(state?.message === message && { progress: state }),
    sent: before ? sent.parse(JSON.parse(before)) : [],
    told,
    ...(wrote && { wrote: Number(wrote) }),
    ...(confirmed && { confirmed }),
  }
}

export async function readTold(redis: LaneRedis, prefix: string, message: string, lane: string): Promise<Told> {
  return parseTold(await redis.hgetall(toldKey(prefix, lane, message)))
}
