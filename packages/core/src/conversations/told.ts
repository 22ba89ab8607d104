import type { Effect } from '@chatlane/lanes'
import { conversationKeys } from './keys.ts'

/** As long as inbound messages are remembered: repeated news within that time is known. */
const KEPT_SECONDS = 24 * 3_600

/** The field of the hash that is no news; names of news begin with a colon. */
const UNKNOWN = 'unknown'

/** What is known of the sending of one of our messages besides its states in the ledger. */
export interface Told {
  /** Ids of the provider's by the part (from 0) of the message: proof that it took the part. */
  readonly sids: ReadonlyMap<number, readonly string[]>
  /** Parts of which nobody could say whether they were sent. */
  readonly unknown: readonly number[]
  /** The names of the news that was noted. */
  readonly news: ReadonlySet<string>
}

/** The key of the hash of what was told of a message: its entry in the ledger of the conversation. */
export function toldKey(prefix: string, conversation: string, message: string): string {
  return `${conversationKeys(prefix, conversation).told}${conversation}:${message}`
}

/** Reads the hash under {@link toldKey}. */
export function parseTold(hash: Record<string, string>): Told {
  const sids = new Map<number, string[]>()
  const news = new Set<string>()
  for (const [name, value] of Object.entries(hash)) {
    if (!name.startsWith(':')) continue
    news.add(name.slice(1))
    const [part, sid] = value.split(' ')
    if (sid === undefined) continue
    const known = sids.get(Number(part)) ?? []
    if (!known.includes(sid)) sids.set(Number(part), [...known, sid])
  }
  const unknown = (hash[UNKNOWN] ?? '').split(',').filter(Boolean).map(Number)
  return { sids, unknown, news }
}

/** The writes that note news of a provider's, named so that the same news again is known. */
export function newsEffects(key: string, name: string, taken?: { part: number; sid: string }): Effect[] {
  const value = taken === undefined ? '' : `${taken.part} ${taken.sid}`
  return [
    ['HSET', key, `:${name}`, value],
    ['EXPIRE', key, KEPT_SECONDS],
  ]
}

/** The writes that note of which parts nobody can say whether they were sent. */
export function unknownEffects(key: string, parts: readonly number[]): Effect[] {
  if (parts.length === 0) return []
  return [
    ['HSET', key, UNKNOWN, parts.join(',')],
    ['EXPIRE', key, KEPT_SECONDS],
  ]
}

/** True when a part is unknown and no news of it came: then news of other parts does not make the message a sent one. */
export function stillUnknown(told: Told, part: number | undefined): boolean {
  return told.unknown.some((one) => one !== part && !told.sids.has(one))
}
