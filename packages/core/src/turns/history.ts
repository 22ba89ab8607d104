import type { StoredEntry } from '../conversations/ledger.ts'
import { agentTexts, type ChatMessage, isOfTool } from '../uponai/client.ts'

/**
 * The entries of a history that were said, by either side. Tool calls and their results, transitions and the like are left
 * out as far as they can be told: a completion may return some that the history does not keep, and the other way round.
 */
export function spoken(messages: readonly ChatMessage[]): ChatMessage[] {
  return messages.filter(
    (message) =>
      message.content !== undefined &&
      message.content.trim() !== '' &&
      (message.role === 'agent' || message.role === 'user' || (message.role === undefined && !isOfTool(message))),
  )
}

/** Something that was said in a chat for certain. */
export interface Said {
  by: 'user' | 'agent'
  text: string
}

/**
 * What the ledger knows for certain to have been said in a chat, in order.
 * @param since the entry of the ledger behind which to begin; empty: where the chat was opened
 * @returns undefined when the ledger does not reach back so far any more
 */
export function saidSince(ledger: readonly StoredEntry[], chatId: string, since: string): Said[] | undefined {
  const beginning = ledger.findLastIndex(({ id, entry }) =>
    since === '' ? entry.kind === 'conversation' && entry.status === 'open' && entry.chatId === chatId : id === since,
  )
  if (beginning === -1) return undefined
  const questions = new Map(
    ledger.flatMap(({ id, entry }) =>
      entry.kind === 'message' && entry.role === 'user' ? [[id, entry.text] as const] : [],
    ),
  )
  const said: Said[] = []
  const answered = new Set<string>()
  for (const { entry } of ledger.slice(beginning + 1)) {
    const question = questionOf(entry)
    if (question === undefined) continue
    // An answer of several messages has one question.
    if (!answered.has(question)) {
      const text = wordsOf(entry) ?? questions.get(question)
      if (text === undefined) return undefined
      said.push({ by: 'user', text })
      answered.add(question)
    }
    if (entry.kind === 'message') said.push({ by: 'agent', text: entry.text })
  }
  return said
}

/** The message to which an entry is (part of) the answer. */
function questionOf(entry: StoredEntry['entry']): string | undefined {
  if (entry.kind === 'message') return entry.answers
  if (entry.kind !== 'status' || entry.status !== 'answered') return undefined
  // One of several messages that were said as one.
  return entry.with === undefined ? entry.message : undefined
}

/** What was said, when it was not the message's own text. */
function wordsOf(entry: StoredEntry['entry']): string | undefined {
  return entry.kind === 'message' || entry.kind === 'status' ? entry.said : undefined
}

/**
 * The place in a history behind all that is known of it: known texts and history are laid beside each other so that as many
 * as possible meet, in order (their longest common subsequence), as far to the front as that allows. Entries that only one
 * side has, like a tool's result that cannot be told from a text, move nothing. Works without roles, ids and times, and
 * with equal texts.
 * @param from the history is certain up to here
 */
export function endOfKnown(history: readonly ChatMessage[], from: number, known: readonly Said[]): number {
  const rest = history.slice(from)
  // Where every entry says whose it is, the person's texts are enough: a text of the agent's may be stored otherwise than it
  // was returned, and come again in the answer that is looked for.
  const named = rest.every(({ role }) => role !== undefined)
  let row = new Array<number>(rest.length + 1).fill(0)
  for (const said of known) {
    if (named && said.by === 'agent') continue
    const next = [0]
    for (const [j, entry] of rest.entries()) {
      const best = Math.max(row[j + 1] ?? 0, next[j] ?? 0)
      next.push(isSame(entry, said) ? Math.max(best, (row[j] ?? 0) + 1) : best)
    }
    row = next
  }
  return from + row.indexOf(row.at(-1) ?? 0)
}

function isSame({ role, content }: ChatMessage, { by, text }: Said): boolean {
  return (role === undefined || role === by) && content?.trim() === text.trim()
}

/** What a chat's history says of a text. */
export type Finding =
  | { found: false }
  /** It was said, as entry `place` of those that were said, and these are the answers (none: it may still be at it). */
  | { found: true; place: number; answers: string[] }

/**
 * Looks for a person's text behind what is known of the history. Lanes are serial, so the first entry with exactly this text
 * behind that point is ours, and all behind it is the answer.
 */
export function findText(history: readonly ChatMessage[], known: number, text: string): Finding {
  const wanted = text.trim()
  const place = history.findIndex(
    ({ role, content }, i) => i >= known && role !== 'agent' && content?.trim() === wanted,
  )
  if (place === -1) return { found: false }
  return { found: true, place, answers: agentTexts(history.slice(place + 1)) }
}
