import type { Effect } from '@chatlane/lanes'
import { type ChatAnalysis, chatAnalysis } from './analysis.ts'
import { conversationKeys } from './keys.ts'
import { decodeMedia, encodeMedia, type LedgerMedia } from './ledger-media.ts'
import type { Channel } from './origin.ts'
import { reasonText } from './reasons.ts'

/** Entries kept per conversation (about; whole blocks are trimmed). */
const MOST_ENTRIES = 1_000

export type Role = 'user' | 'agent' | 'system'

export type Author = 'operator' | 'business'

/**
 * The states of a message. A user's: queued, then answered or failed; dropped when a rule says that it is not for the agent
 * (a STOP, say); moved when it was handed on to the conversation that its address was linked to; handed_off when it is for
 * the operator. One of ours: queued, then (with a channel that can tell) sent, delivered or undelivered; failed when it
 * could not be sent, unknown when nobody can say. On the web, where the ledger is the delivery: delivered.
 */
export type MessageStatus =
  | 'queued'
  | 'answered'
  | 'dropped'
  | 'moved'
  | 'handed_off'
  | 'sent'
  | 'delivered'
  | 'undelivered'
  | 'failed'
  | 'unknown'
  | 'read'

/** Later states win, whatever the order in which they become known. */
const RANK: Record<MessageStatus, number> = {
  queued: 0,
  unknown: 1,
  sent: 2,
  answered: 3,
  moved: 3,
  handed_off: 3,
  dropped: 5,
  failed: 5,
  undelivered: 5,
  // What arrived did, whatever a carrier says of it besides. Of a text in several parts they are said of all of them.
  delivered: 6,
  read: 7,
}

/** What the ledger, a Redis stream, holds: messages, and what became of messages and of the conversation. */
export type LedgerEntry =
  | {
      kind: 'message'
      role: Role
      text: string
      channel: Channel
      status: MessageStatus
      /** Why it is dropped. */
      reason?: string
      /** the user's message it answers */
      answers?: string
      /** The files that came with it. */
      media?: LedgerMedia[]
      /** Who wrote it, when it was neither the person nor the agent. */
      by?: Author
      /** On an answer's first message: what was said to the agent, when it is not the text of the message it answers. */
      said?: string
    }
  | {
      kind: 'status'
      message: string
      status: MessageStatus
      reason?: string
      /** The same, of an answer without a message. */
      said?: string
      /** The message together with which it was said to the agent: that one's answer is its own. */
      with?: string
    }
  | {
      kind: 'conversation'
      /** `opening`: its agent is to write first; `handed_off` to an operator, `resumed` by the agent. */
      status: 'open' | 'closed' | 'opening' | 'handed_off' | 'resumed'
      chatId?: string
      reason?: string
    }
  | { kind: 'analysis'; analysis: ChatAnalysis }

export interface StoredEntry {
  id: string
  entry: LedgerEntry
}

/** A message as the API shows it. */
export interface LedgerItem {
  id: string
  role: Role
  text: string
  channel: Channel
  status: MessageStatus
  /** Why it failed or was dropped, in a word. */
  reason?: string
  /** The same in a sentence. */
  reason_text?: string
  /** The files that came with it. */
  media?: LedgerMedia[]
  /** Who wrote it, when it was neither the person nor the agent. */
  by?: Author
  /** ISO 8601, UTC. */
  at: string
}

/** The write that appends to the ledger; its result is the entry's id. */
export function ledgerEffect(prefix: string, conversation: string, entry: LedgerEntry): Effect {
  return ['XADD', conversationKeys(prefix, conversation).ledger, 'MAXLEN', '~', MOST_ENTRIES, '*', ...encode(entry)]
}

/**
 * The writes that give a ledger no more memory than it needs. Redis sets 4 kB aside for a stream's first entries, more than
 * most conversations ever fill; a copy has its exact size, and grows by what is added to it.
 */
export function tightenEffects(prefix: string, conversation: string): Effect[] {
  const { ledger } = conversationKeys(prefix, conversation)
  const copy = `${ledger}:copy`
  return [
    ['COPY', ledger, copy, 'REPLACE'],
    ['RENAME', copy, ledger],
  ]
}

/** The entry that a write appends to the conversation's ledger; undefined for every other write. */
export function entryOf(conversation: string, [command, key, ...args]: Effect): LedgerEntry | undefined {
  if (command !== 'XADD' || !key.endsWith(`:ledger:${conversation}`)) return undefined
  return decodeEntry('', args.slice(args.indexOf('*') + 1).map(String)).entry
}

/** The writes that show what became of a message. */
export function statusEffects(
  prefix: string,
  conversation: string,
  message: string,
  status: MessageStatus,
  reason?: string,
): Effect[] {
  const entry = { kind: 'status' as const, message, status, ...(reason !== undefined && { reason }) }
  return [
    ledgerEffect(prefix, conversation, entry),
    ['PUBLISH', conversationKeys(prefix, conversation).live, conversation],
  ]
}

/** Field names are short and come in one order: a stream stores names that repeat only once. */
function encode(entry: LedgerEntry): string[] {
  if (entry.kind === 'analysis') return ['k', 'a', 'x', JSON.stringify(entry.analysis)]
  const reason = entry.reason === undefined ? [] : ['why', entry.reason]
  if (entry.kind === 'message') {
    const answers = entry.answers === undefined ? [] : ['re', entry.answers]
    const more = [
      ...answers,
      ...reason,
      ...encodeMedia(entry.media),
      ...pair('by', entry.by),
      ...pair('said', entry.said),
    ]
    return ['k', 'm', 'r', entry.role, 'x', entry.text, 'c', entry.channel, 's', entry.status, ...more]
  }
  if (entry.kind === 'status') {
    const more = [...pair('said', entry.said), ...pair('with', entry.with)]
    return ['k', 's', 'm', entry.message, 's', entry.status, ...reason, ...more]
  }
  return ['k', 'c', 's', entry.status, ...(entry.chatId === undefined ? [] : ['chat', entry.chatId]), ...reason]
}

function pair(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [name, value]
}

/** Reads what {@link ledgerEffect} wrote. */
export function decodeEntry(id: string, fields: readonly string[]): StoredEntry {
  const at = (name: string): string | undefined => {
    for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1]
    return undefined
  }
  const reason = at('why')
  const why = reason === undefined ? {} : { reason }
  const said = at('said')
  const words = said === undefined ? {} : { said }
  const kind = at('k')
  if (kind === 'm') {
    const answers = at('re')
    const entry: LedgerEntry = {
      kind: 'message',
      role: asRole(at('r')),
      text: at('x') ?? '',
      channel: asChannel(at('c')),
      status: asStatus(at('s')),
      ...(answers !== undefined && { answers }),
      ...decodeMedia(at('files')),
      ...authorOf(at('by')),
      ...why,
      ...words,
    }
    return { id, entry }
  }
  if (kind === 's') {
    const head = at('with')
    const together = head === undefined ? {} : { with: head }
    const status = asStatus(at('s'))
    return { id, entry: { kind: 'status', message: at('m') ?? '', status, ...why, ...words, ...together } }
  }
  if (kind === 'a') return { id, entry: { kind: 'analysis', analysis: chatAnalysis.parse(JSON.parse(at('x') ?? '')) } }
  const chatId = at('chat')
  const status = CONVERSATION_STATES.find((state) => state === at('s')) ?? 'open'
  return { id, entry: { kind: 'conversation', status, ...(chatId !== undefined && { chatId }), ...why } }
}

const CONVERSATION_STATES = ['open', 'closed', 'opening', 'handed_off', 'resumed'] as const

function authorOf(text: string | undefined): { by?: Author } {
  return text === 'operator' || text === 'business' ? { by: text } : {}
}

function asRole(text: string | undefined): Role {
  return text === 'user' || text === 'agent' ? text : 'system'
}

function asChannel(text: string | undefined): Channel {
  return text === 'sms' || text === 'whatsapp' || text === 'rcs' ? text : 'web'
}

function asStatus(text: string | undefined): MessageStatus {
  return text !== undefined && isStatus(text) ? text : 'unknown'
}

function isStatus(text: string): text is MessageStatus {
  return Object.hasOwn(RANK, text)
}

/** The messages among the entries, each with the state that the entries behind it give it. Entries in order, oldest first. */
export function foldItems(entries: readonly StoredEntry[]): LedgerItem[] {
  const items = new Map<string, LedgerItem>()
  const raise = (id: string, status: MessageStatus, reason?: string) => {
    const item = items.get(id)
    if (!item || !isFurther({ status, reason }, item)) return
    item.status = status
    if (reason === undefined) delete item.reason
    else item.reason = reason
  }
  // It was put into the lane again: what was said of the message before counts no more.
  const requeue = (id: string, reason?: string) => {
    const item = items.get(id)
    if (!item || RANK[item.status] >= RANK.delivered) return
    item.status = 'queued'
    if (reason === undefined) delete item.reason
    else item.reason = reason
  }
  for (const { id, entry } of entries) {
    if (entry.kind === 'message') {
      const { role, text, channel, status, reason, answers, media, by } = entry
      const why = reason === undefined ? {} : { reason }
      const more = { ...why, ...(media && { media }), ...(by && { by }) }
      items.set(id, { id, role, text, channel, status, ...more, at: timeOfEntry(id).toISOString() })
      if (answers !== undefined) raise(answers, 'answered')
    } else if (entry.kind === 'status' && entry.status === 'queued') {
      requeue(entry.message, entry.reason)
    } else if (entry.kind === 'status') {
      raise(entry.message, entry.status, entry.reason)
    }
  }
  return [...items.values()].map(inWords)
}

/** Whether nothing that a later entry says can change a message's status. A failed one may be put into its lane again. */
export function isSettled({ role, channel, status }: LedgerItem): boolean {
  if (role === 'user') return RANK[status] >= RANK.answered && status !== 'failed'
  return channel === 'web' && status === 'delivered'
}

interface State {
  status: MessageStatus
  reason?: string | undefined
}

/** Of two failures, neither of which is more than the other, always the same one is shown, whichever became known first. */
function isFurther(news: State, now: State): boolean {
  const further = RANK[news.status] - RANK[now.status]
  if (further !== 0 || RANK[now.status] !== RANK.failed) return further > 0
  return placeOf(news) < placeOf(now)
}

function placeOf({ status, reason }: State): string {
  return reason === undefined ? `1 ${status}` : `0 ${status} ${reason}`
}

function inWords(item: LedgerItem): LedgerItem {
  const text = item.reason === undefined ? undefined : reasonText(item.reason)
  return text === undefined ? item : { ...item, reason_text: text }
}

/** True when entry `id` comes after entry `after` in a ledger. */
export function isBehind(id: string, after: string): boolean {
  const [ms = 0, seq = 0] = id.split('-').map(Number)
  const [afterMs = 0, afterSeq = 0] = after.split('-').map(Number)
  return ms > afterMs || (ms === afterMs && seq > afterSeq)
}

/** An entry's id begins with its time in milliseconds. */
export function timeOfEntry(id: string): Date {
  return new Date(Number(id.split('-')[0]))
}

const ENTRY_ID = /^\d{1,16}(-\d{1,19})?$/

/** True for a text that may stand for a place in a ledger: an entry's id, or `0` for the beginning. */
export function isEntryId(text: string): boolean {
  return ENTRY_ID.test(text)
}
