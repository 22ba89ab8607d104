import type { Effect } from '@chatlane/lanes'
import { conversationKeys } from './keys.ts'
import type { MessageStatus } from './ledger.ts'

/** As long as inbound messages are remembered: repeated news within that time is known. */
const KEPT_SECONDS = 24 * 3_600

/** The states that say that a message went out, from the least to the most. */
const SENT = ['sent', 'delivered', 'read'] as const satisfies MessageStatus[]
type SentStatus = (typeof SENT)[number]

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
}

/** What is known of the sending of one of our messages besides its states in the ledger. */
export interface Told {
  /** Ids of the provider's by the part (from 0) of the message: proof that it took the part. */
  readonly sids: ReadonlyMap<number, readonly string[]>
  /** How far each part has come that the provider took. */
  readonly reached: ReadonlyMap<number, SentStatus>
  /** The names of the news that was noted. */
  readonly news: ReadonlySet<string>
}

/** The key of the hash of what was told of a message: its entry in the ledger of the conversation. */
export function toldKey(prefix: string, conversation: string, message: string): string {
  return `${conversationKeys(prefix, conversation).told}${conversation}:${message}`
}

/** Reads the hash under {@link toldKey}: by the names of the news, after a colon, its part, id and state. */
export function parseTold(hash: Record<string, string>): Told {
  const sids = new Map<number, string[]>()
  const reached = new Map<number, SentStatus>()
  const news = new Set<string>()
  for (const [name, value] of Object.entries(hash)) {
    if (!name.startsWith(':')) continue
    news.add(name.slice(1))
    const [text, sid, status] = value.split(' ')
    if (sid === undefined) continue
    const part = Number(text)
    const known = sids.get(part) ?? []
    if (!known.includes(sid)) sids.set(part, [...known, sid])
    reached.set(part, furthest(reached.get(part), sentStatus(status)))
  }
  return { sids, reached, news }
}

/** The writes that note news of a provider's, named so that the same news again is known. */
export function newsEffects(key: string, { once, taken, status }: News): Effect[] {
  const value = taken === undefined ? '' : `${taken.part} ${taken.sid} ${status ?? ''}`
  return [
    ['HSET', key, `:${once}`, value],
    ['EXPIRE', key, KEPT_SECONDS],
  ]
}

/**
 * What news says of the whole message, with what was told before: of one in several parts, which has come only as far as the
 * last of them, and of which nothing is known while a part was not heard of. Undefined: nothing.
 */
export function wholeStatus(told: Told, { status, taken, parts = 1 }: News): MessageStatus | undefined {
  const sent = SENT.find((one) => one === status)
  if (sent === undefined || taken === undefined || parts === 1) return status
  let whole: SentStatus = 'read'
  for (let part = 0; part < parts; part++) {
    const before = told.reached.get(part)
    const reached = part === taken.part ? furthest(before, sent) : before
    if (reached === undefined) return undefined
    if (SENT.indexOf(reached) < SENT.indexOf(whole)) whole = reached
  }
  return whole
}

/** That the provider has a part is as good as sent. */
function sentStatus(text: string | undefined): SentStatus {
  return SENT.find((one) => one === text) ?? 'sent'
}

function furthest(one: SentStatus | undefined, other: SentStatus): SentStatus {
  return one !== undefined && SENT.indexOf(one) > SENT.indexOf(other) ? one : other
}
