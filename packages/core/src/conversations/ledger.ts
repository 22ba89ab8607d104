import type { Effect } from '@chatlane/lanes'
import type { Channel } from './conversation.ts'
import { conversationKeys } from './keys.ts'

/** Entries kept per conversation (about; whole blocks are trimmed). */
const MOST_ENTRIES = 1_000

export type Role = 'user' | 'agent' | 'system'

/**
 * The states of a message. A user's: queued, then answered or failed. One of ours: queued, then (with a channel that can
 * tell) sent, delivered or undelivered; failed when it could not be sent, unknown when nobody can say. On the web, where
 * the ledger is the delivery: delivered.
 */
export type MessageStatus = 'queued' | 'answered' | 'sent' | 'delivered' | 'undelivered' | 'failed' | 'unknown' | 'read'

/** Later states win, whatever the order in which they become known. */
const RANK: Record<MessageStatus, number> = {
  queued: 0,
  unknown: 1,
  sent: 2,
  answered: 3,
  delivered: 3,
  read: 4,
  // Of a long text sent in several parts, the one that did not arrive counts.
  failed: 5,
  undelivered: 5,
}

/** What the ledger, a Redis stream, holds: messages, and what became of messages and of the conversation. */
export type LedgerEntry =
  | {
      kind: 'message'
      role: Role
      text: string
      channel: Channel
      status: MessageStatus /** the user's message it answers */
      answers?: string
    }
  | { kind: 'status'; message: string; status: MessageStatus; reason?: string }
  | { kind: 'conversation'; status: 'open' | 'closed'; chatId?: string; reason?: string }

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
  /** Why it failed, in a word. */
  reason?: string
  /** ISO 8601, UTC. */
  at: string
}

/** The write that appends to the ledger; its result is the entry's id. */
export function ledgerEffect(prefix: string, conversation: string, entry: LedgerEntry): Effect {
  return ['XADD', conversationKeys(prefix, conversation).ledger, 'MAXLEN', '~', MOST_ENTRIES, '*', ...encode(entry)]
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
  if (entry.kind === 'message') {
    const answers = entry.answers === undefined ? [] : ['re', entry.answers]
    return ['k', 'm', 'r', entry.role, 'x', entry.text, 'c', entry.channel, 's', entry.status, ...answers]
  }
  const reason = entry.reason === undefined ? [] : ['why', entry.reason]
  if (entry.kind === 'status') return ['k', 's', 'm', entry.message, 's', entry.status, ...reason]
  return ['k', 'c', 's', entry.status, ...(entry.chatId === undefined ? [] : ['chat', entry.chatId]), ...reason]
}

/** Reads what {@link ledgerEffect} wrote. */
export function decodeEntry(id: string, fields: readonly string[]): StoredEntry {
  const at = (name: string): string | undefined => {
    for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1]
    return undefined
  }
  const reason = at('why')
  const why = reason === undefined ? {} : { reason }
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
    }
    return { id, entry }
  }
  if (kind === 's') return { id, entry: { kind: 'status', message: at('m') ?? '', status: asStatus(at('s')), ...why } }
  const chatId = at('chat')
  const status = at('s') === 'closed' ? 'closed' : 'open'
  return { id, entry: { kind: 'conversation', status, ...(chatId !== undefined && { chatId }), ...why } }
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
    if (!item || RANK[status] <= RANK[item.status]) return
    item.status = status
    if (reason === undefined) delete item.reason
    else item.reason = reason
  }
  // A dead letter was put into the lane again: what was said of the message before counts no more.
  const requeue = (id: string) => {
    const item = items.get(id)
    if (!item) return
    item.status = 'queued'
    delete item.reason
  }
  for (const { id, entry } of entries) {
    if (entry.kind === 'message') {
      const { role, text, channel, status, answers } = entry
      items.set(id, { id, role, text, channel, status, at: timeOfEntry(id).toISOString() })
      if (answers !== undefined) raise(answers, 'answered')
    } else if (entry.kind === 'status' && entry.status === 'queued') {
      requeue(entry.message)
    } else if (entry.kind === 'status') {
      raise(entry.message, entry.status, entry.reason)
    }
  }
  return [...items.values()]
}

/** An entry's id begins with its time in milliseconds. */
function timeOfEntry(id: string): Date {
  return new Date(Number(id.split('-')[0]))
}

const ENTRY_ID = /^\d{1,16}(-\d{1,19})?$/

/** True for a text that may stand for a place in a ledger: an entry's id, or `0` for the beginning. */
export function isEntryId(text: string): boolean {
  return ENTRY_ID.test(text)
}
