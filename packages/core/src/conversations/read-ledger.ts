import type { LaneRedis } from '@chatlane/lanes'
import { conversationKeys } from './keys.ts'
import { decodeEntry, type StoredEntry } from './ledger.ts'

/** The entries behind `after` (default: all that are kept), oldest first. */
export async function readLedger(redis: LaneRedis, prefix: string, id: string, after?: string): Promise<StoredEntry[]> {
  const from = after === undefined || after === '0' ? '-' : `(${after}`
  const entries = await redis.xrange(conversationKeys(prefix, id).ledger, from, '+')
  return entries.map(([entry, fields]) => decodeEntry(entry, fields))
}

/** The newest entries up to `end` (`+`, or `(` and an entry's id), newest first, at most so many. */
export async function readNewest(
  redis: LaneRedis,
  prefix: string,
  id: string,
  end: string,
  most: number,
): Promise<StoredEntry[]> {
  const entries = await redis.xrevrange(conversationKeys(prefix, id).ledger, end, '-', 'COUNT', most)
  return entries.map(([entry, fields]) => decodeEntry(entry, fields))
}
