import type { LaneRedis } from '@chatlane/lanes'
import { conversationKeys } from './keys.ts'
import { decodeEntry, type StoredEntry } from './ledger.ts'

/** The entries behind `after` (default: all that are kept), oldest first. */
export async function readLedger(redis: LaneRedis, prefix: string, id: string, after?: string): Promise<StoredEntry[]> {
  const from = after === undefined || after === '0' ? '-' : `(${after}`
  const entries = await redis.xrange(conversationKeys(prefix, id).ledger, from, '+')
  return entries.map(([entry, fields]) => decodeEntry(entry, fields))
}
