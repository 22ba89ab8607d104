import type { LaneRedis } from '@chatlane/lanes'
import { conversationKeys } from './keys.ts'
import { decodeEntry, type StoredEntry } from './ledger.ts'

/** The entries behind `after` (default: all that are kept), oldest first. A ledger is bounded, see {@link ledgerBudgetEffects}. */
export async function readLedger(redis: LaneRedis, prefix: string, id: string, after?: string): Promise<StoredEntry[]> {
  const entries = await redis.xrange(conversationKeys(prefix, id).ledger, behind(after), '+')
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

/** At most so many of the entries behind `after`, oldest first. */
export async function readLedgerPart(
  redis: LaneRedis,
  prefix: string,
  id: string,
  after: string,
  most: number,
): Promise<StoredEntry[]> {
  const entries = await redis.xrange(conversationKeys(prefix, id).ledger, behind(after), '+', 'COUNT', most)
  return entries.map(([entry, fields]) => decodeEntry(entry, fields))
}

/** The ledger's end, from the entry on with which it has so many messages; oldest first. */
export async function readLastMessages(
  redis: LaneRedis,
  prefix: string,
  id: string,
  messages: number,
): Promise<StoredEntry[]> {
  const end: StoredEntry[] = []
  let missing = messages
  for (let before = '+'; missing > 0; before = `(${end.at(-1)?.id}`) {
    const part = await readNewest(redis, prefix, id, before, PART)
    for (const stored of part) {
      if (missing === 0) break
      end.push(stored)
      if (stored.entry.kind === 'message') missing--
    }
    if (part.length < PART) break
  }
  return end.reverse()
}

/** Entries that are read at a time. */
const PART = 50

function behind(after: string | undefined): string {
  return after === undefined || after === '0' ? '-' : `(${after}`
}
