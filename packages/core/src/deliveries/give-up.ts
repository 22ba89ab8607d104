import { codeOfReason } from '../channels/twilio/codes.ts'
import type { Delivery } from './delivery.ts'
import { done, type Outcome, record, type Sending } from './outcomes.ts'
import { endsOf } from './passage.ts'
import type { Progress } from './progress.ts'

/**
 * Whether a message was tried for as long as its code asks for.
 * @param since when it was first refused itself, ms
 */
export function isGivenUp(reason: string, since: number): boolean {
  const patienceMs = codeOfReason(reason)?.entry?.patienceMs
  return patienceMs !== undefined && Date.now() - since >= patienceMs
}

/** The message is done with, refused for as long as it is tried. What goes through once the sender is mended can be replayed. */
export async function giveUp(delivery: Delivery, state: Progress, sending: Sending, reason: string): Promise<Outcome> {
  const { gate } = delivery
  await gate.gaveUp(endsOf(delivery))
  const { class: kind, words = '' } = codeOfReason(reason)?.entry ?? {}
  if (kind !== 'sender') return done(delivery, 'failed', sending, reason)
  await record(delivery, state, sending)
  return { verdict: { do: 'bury', reason, detail: words }, outcome: 'failed', reason }
}
