import type { Effect, Verdict } from '@chatlane/lanes'
import { type MessageStatus, statusEffects } from '../conversations/ledger.ts'
import type { Delivery } from './delivery.ts'
import { partsOf } from './parts.ts'
import { type Forbidden, forbidden } from './permission.ts'
import { confirmedEffects, doneEffects, type Progress, progressEffects, type Sent } from './progress.ts'

/** How a try at a message ended. */
export interface Outcome {
  verdict: Verdict
  outcome: MessageStatus | 'later'
  parts?: number
  reason?: string
}

/** What goes on from part to part. */
export interface Sending {
  sent: Sent
  /** Parts of which nobody can say whether they were sent. */
  unknown: number[]
}

/** Ends a try that counts. Recorded before: if it was the last one, what is on record decides what became of the message. */
export async function spend(
  delivery: Delivery,
  state: Progress,
  sending: Sending,
  afterMs: number,
  detail: string,
  reason?: string,
): Promise<Outcome> {
  await record(delivery, state, sending)
  return { verdict: { do: 'retry', afterMs, detail }, outcome: 'later', ...(reason !== undefined && { reason }) }
}

/** Ends a try that does not count. */
export function wait(delivery: Delivery, state: Progress, sending: Sending, afterMs: number, reason: string): Outcome {
  const effects = recordEffects(delivery, state, sending)
  return { verdict: { do: 'retry', afterMs, spend: false, effects, detail: reason }, outcome: 'later', reason }
}

/**
 * The same, for what may have to wait for long. Who has opted out is told of as soon as the message comes to its turn; what
 * goes on at once is looked at right before it is sent.
 */
export async function waitUnlessOptedOut(
  delivery: Delivery,
  state: Progress,
  sending: Sending,
  afterMs: number,
  reason: string,
): Promise<Outcome> {
  const reasonNot = await forbiddenNow(delivery, state)
  if (reasonNot) return done(delivery, 'failed', sending, reasonNot)
  return wait(delivery, state, sending, afterMs, reason)
}

/** Why the message may not be sent, when no call for it is on record that may have sent it. */
export async function forbiddenNow(delivery: Delivery, state: Progress): Promise<Forbidden | undefined> {
  return state.at === undefined ? forbidden(delivery) : undefined
}

/** The message is done with. */
export function done(delivery: Delivery, status: MessageStatus, sending: Sending, reason?: string): Outcome {
  const { prefix, turn, message, item } = delivery
  const effects = [
    ...doneEffects(prefix, turn.lane, sending.sent),
    ...(item.confirms && status !== 'failed' ? confirmedEffects(prefix, turn.lane, message) : []),
    ...statusEffects(prefix, turn.lane, message, status, reason),
  ]
  const parts = partsOf(item).length
  return { verdict: { do: 'commit', effects }, outcome: status, parts, ...(reason !== undefined && { reason }) }
}

export async function record(delivery: Delivery, state: Progress, sending: Sending): Promise<void> {
  await delivery.turn.record(recordEffects(delivery, state, sending))
}

function recordEffects({ prefix, turn }: Delivery, state: Progress, { unknown, sent }: Sending): Effect[] {
  return progressEffects(prefix, turn.lane, { ...state, ...(unknown.length > 0 && { unknown }) }, sent)
}
