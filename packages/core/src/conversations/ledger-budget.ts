import type { Effect } from '@chatlane/lanes'
import type { Conversation } from './conversation.ts'
import { conversationKeys } from './keys.ts'

/** Bytes of a text that is not counted: a ledger's 1,000 entries of these are 1 MB. */
const SHORT_BYTES = 1_000

/**
 * The longer texts of a ledger take about so many bytes at most. While it is filled anew its older half is kept, so it holds
 * between half of them and all, and what was written since it was last looked at.
 */
const MOST_BYTES = 1024 * 1024

/**
 * The writes that count the longer texts that go into a ledger, and let go of its older half when the newer one is full. They
 * stand behind those that append the texts.
 * @param size what the record says; absent: nothing as yet, or nobody read it, and the next who did lets go
 */
export function ledgerBudgetEffects(
  prefix: string,
  id: string,
  size: Conversation['ledgerSize'],
  texts: readonly string[],
): Effect[] {
  const { record, ledger } = conversationKeys(prefix, id)
  const sizes = texts.map((text) => Buffer.byteLength(text)).filter((size) => size > SHORT_BYTES)
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  if (bytes === 0) return []
  if (!size || size.bytes + bytes <= MOST_BYTES / 2) return [['HINCRBY', record, 'bytes', bytes]]
  const older: Effect[] = size.half === undefined ? [] : [['XTRIM', ledger, 'MINID', '=', size.half]]
  return [...older, ['HSET', record, 'bytes', 0, 'half', Date.now()]]
}
