import type { DeliveryItem } from '../conversations/items.ts'
import { timeOfEntry } from '../conversations/ledger.ts'
import { type OptOuts, pairOf } from '../conversations/opt-outs.ts'

/**
 * One text that merely confirms an opt-out may follow it, presumed to be within the person's consent when it is sent within
 * five minutes.
 * @see https://www.ecfr.gov/current/title-47/section-64.1200 (a)(12)
 */
export const CONFIRM_WITHIN_MS = 5 * 60_000

/** Why a message may not be sent to its person any more. */
export type Forbidden = 'opted_out' | 'too_late' | 'duplicate'

/**
 * Whether a message may still be sent to its person.
 * @param message its entry in the ledger
 * @param confirmed the entry of the confirmation that was last sent in the conversation
 * @returns undefined when it may
 */
export async function forbidden(
  { optOuts, item, message }: { optOuts: OptOuts; item: DeliveryItem; message: string },
  confirmed?: string,
): Promise<Forbidden | undefined> {
  const pair = pairOf(item)
  if (!item.confirms) return (await optOuts.blocks(pair, message)) ? 'opted_out' : undefined
  const at = timeOfEntry(message).getTime()
  if (Date.now() - at > CONFIRM_WITHIN_MS || (await optOuts.isLiftedSince(pair, message))) return 'too_late'
  // Of two requests that came at once, one is confirmed.
  const isNear = confirmed !== undefined && at - timeOfEntry(confirmed).getTime() < CONFIRM_WITHIN_MS
  return isNear && !(await optOuts.isLiftedSince(pair, confirmed)) ? 'duplicate' : undefined
}
