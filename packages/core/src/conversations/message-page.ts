import type { LaneRedis } from '@chatlane/lanes'
import { foldItems, isSettled, type LedgerItem, type StoredEntry } from './ledger.ts'
import { readLedgerPart } from './read-ledger.ts'

export interface MessagePage {
  items: LedgerItem[]
  /** There are more behind this one, the last of the page. */
  next?: string
}

/** Of a page's texts, in characters: a page of long texts has fewer items than were asked for. */
const LONGEST_PAGE = 1_000_000

/** Entries that are read at a time. */
const MOST_AT_ONCE = 100

/**
 * The messages behind an entry of the ledger, oldest first, each with its present status. Reads what the page takes and, for
 * messages whose status may still have changed, the entries behind it, part by part.
 * @param limit items of the page at most
 */
export async function readMessages(
  redis: LaneRedis,
  prefix: string,
  id: string,
  after: string,
  limit: number,
): Promise<MessagePage> {
  /** The page's messages, and what came of them. */
  const kept: StoredEntry[] = []
  let messages = 0
  let characters = 0
  let next: string | undefined
  // A message and what became of it.
  let most = Math.min(limit * 2 + 1, MOST_AT_ONCE)
  for (let from = after; ; most = MOST_AT_ONCE) {
    const part = await readLedgerPart(redis, prefix, id, from, most)
    for (const stored of part) {
      const { entry } = stored
      if (entry.kind !== 'message') {
        if (entry.kind === 'status') kept.push(stored)
      } else if (messages < limit && characters < LONGEST_PAGE && next === undefined) {
        kept.push(stored)
        messages++
        characters += entry.text.length
      } else {
        next ??= lastMessage(kept)
        // Of a message behind the page it only counts what it answers.
        const { answers } = entry
        if (answers !== undefined)
          kept.push({ id: stored.id, entry: { kind: 'status', message: answers, status: 'answered' } })
      }
    }
    from = part.at(-1)?.id ?? from
    const items = () => foldItems(kept)
    if (part.length < most) return pageOf(items(), next)
    if (next === undefined) continue
    const folded = items()
    if (folded.every(isSettled)) return pageOf(folded, next)
  }
}

function pageOf(items: LedgerItem[], next: string | undefined): MessagePage {
  return { items, ...(next !== undefined && { next }) }
}

function lastMessage(kept: readonly StoredEntry[]): string | undefined {
  return kept.findLast(({ entry }) => entry.kind === 'message')?.id
}
