import type { Effect } from '@chatlane/lanes'
import type { DeliveryItem } from './items.ts'
import { conversationKeys } from './keys.ts'
import type { MessageStatus } from './ledger.ts'

/** As long as inbound messages are remembered: repeated news within that time is known. */
export const KEPT_SECONDS = 24 * 3_600

/** The states that say that a message went out, from the least to the most. */
const SENT = ['sent', 'delivered', 'read'] as const satisfies MessageStatus[]
type SentStatus = (typeof SENT)[number]

/** Those that say that it arrived: nothing that is said of it later changes that. */
const ARRIVED: readonly (string | undefined)[] = ['delivered', 'read'] satisfies SentStatus[]

/** The states that say that it did not arrive. */
const FAILED: readonly (string | undefined)[] = ['failed', 'undelivered'] satisfies MessageStatus[]

/** What a provider said of one of our messages. */
export interface News {
  /** Names the news: the same one again is not noted twice. */
  once: string
  /** It proves that the provider has that part (from 0) of the message, under that id. */
  taken?: { part: number; sid: string }
  /** Absent: it says no more than that. */
  status?: MessageStatus
  reason?: string
  /** How many parts the message has; default 1. */
  parts?: number
  /**
   * Asked when the part failed, and nothing that was sent for it before can have arrived: what is put into the delivery lane
   * to send it again.
   * @param sent how often it was sent
   */
  again?: (sent: number) => Promise<DeliveryItem | undefined>
}

/** What is known of the sending of one of our messages besides its states in the ledger. */
export interface Told {
  /** Ids of the provider's by the part (from 0) of the message: proof that it took the part. */
  readonly sids: ReadonlyMap<number, readonly string[]>
  /** How far each part has come that the provider took; of what was sent again, also that the earlier one arrived after all. */
  readonly reached: ReadonlyMap<number, SentStatus>
  /** The names of the news that was noted. */
  readonly news: ReadonlySet<string>
  /** Ids of what did not arrive. */
  readonly failed: ReadonlySet<string>
  /** Those of them in whose place the part was sent again: what becomes of them is of no interest any more. */
  readonly replaced: ReadonlySet<string>
}

/** The key of the hash of what was told of a message: its entry in the ledger of the conversation. */
export function toldKey(prefix: string, conversation: string, message: string): string {
  return `${conversationKeys(prefix, conversation).told}${conversation}:${message}`
}

/**
 * Reads the hash under {@link toldKey}: by the names of the news, after a colon, its part, id and state; and the ids of what
 * was sent again, after a mark.
 */
export function parseTold(hash: Record<string, string>): Told {
  const names = Object.keys(hash)
  const replaced = new Set(names.filter((name) => name.startsWith(REPLACED)).map((name) => name.slice(REPLACED.length)))
  const sids = new Map<number, string[]>()
  const reached = new Map<number, SentStatus>()
  const news = new Set<string>()
  const failed = new Set<string>()
  for (const name of names) {
    if (!name.startsWith(':')) continue
    news.add(name.slice(1))
    const [text, sid, status] = (hash[name] ?? '').split(' ')
    if (sid === undefined) continue
    const part = Number(text)
    const known = sids.get(part) ?? []
    if (!known.includes(sid)) sids.set(part, [...known, sid])
    if (FAILED.includes(status)) failed.add(sid)
    const sent = SENT.find((one) => one === status)
    if (sent !== undefined && (!replaced.has(sid) || ARRIVED.includes(sent)))
      reached.set(part, furthest(reached.get(part), sent))
  }
  return { sids, reached, news, failed, replaced }
}

const REPLACED = 'again:'

/** The writes that note news of a provider's, named so that the same news again is known. */
export function newsEffects(key: string, { once, taken, status }: News): Effect[] {
  const value = taken === undefined ? '' : `${taken.part} ${taken.sid} ${status ?? ''}`
  return [
    ['HSET', key, `:${once}`, value],
    ['EXPIRE', key, KEPT_SECONDS],
  ]
}

/**
 * The writes that note that a part is sent again in the place of what failed under this id. Kept for longer, and so they come
 * last: it may be sent a day later, and how often it was sent is counted here.
 */
export function replacedEffects(key: string, sid: string): Effect[] {
  return [
    ['HSET', key, REPLACED + sid, '1'],
    ['EXPIRE', key, 2 * KEPT_SECONDS],
  ]
}

/** Whether a part is known to have arrived; without one, whether any of the message is. */
export function hasArrived({ reached }: Told, part?: number): boolean {
  return part === undefined
    ? [...reached.values()].some((one) => ARRIVED.includes(one))
    : ARRIVED.includes(reached.get(part))
}

/**
 * How often a part was sent, when all of it failed by now, this id being the last; undefined when something sent for it has,
 * or may have, arrived.
 */
export function timesFailed(told: Told, { part, sid }: { part: number; sid: string }): number | undefined {
  if (hasArrived(told, part)) return undefined
  const { sids, failed } = told
  const known = new Set([...(sids.get(part) ?? []), sid])
  for (const one of known) if (one !== sid && !failed.has(one)) return undefined
  return known.size
}

/**
 * What news says of the whole message, with what was told before: of one in several parts, which has come only as far as the
 * last of them, and of which nothing is known while a part was not heard of. Undefined: nothing.
 */
export function wholeStatus(told: Told, { status, taken, parts = 1 }: News): MessageStatus | undefined {
  if (taken !== undefined && told.replaced.has(taken.sid) && !ARRIVED.includes(status)) return undefined
  // A failure of one part of several counts until all have arrived: in which order that is told makes no difference.
  if (FAILED.includes(status) && ARRIVED.includes(leastReached(told, parts))) return undefined
  const sent = SENT.find((one) => one === status)
  if (sent === undefined || taken === undefined || parts === 1) return status
  const reached = new Map(told.reached).set(taken.part, furthest(told.reached.get(taken.part), sent))
  return leastReached({ reached }, parts)
}

/** How far the whole message has come: as far as the last of its parts. Undefined while one was not heard of. */
export function leastReached({ reached }: Pick<Told, 'reached'>, parts: number): SentStatus | undefined {
  let whole: SentStatus = 'read'
  for (let part = 0; part < parts; part++) {
    const one = reached.get(part)
    if (one === undefined) return undefined
    if (SENT.indexOf(one) < SENT.indexOf(whole)) whole = one
  }
  return whole
}

function furthest(one: SentStatus | undefined, other: SentStatus): SentStatus {
  return one !== undefined && SENT.indexOf(one) > SENT.indexOf(other) ? one : other
}
