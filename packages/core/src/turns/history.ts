import { setImmediate } from 'node:timers/promises'
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

/** Entries of a history that are laid beside the known texts; a conversation's ledger knows about 1,000 texts. */
const MOST_ENTRIES = 4_000

/** Comparisons between two pauses in which other conversations go on: about a millisecond. */
const COMPARED_AT_ONCE = 250_000

/**
 * The place in a history behind all that is known of it: known texts and history are laid beside each other so that as many
 * as possible meet, in order (their longest common subsequence), as far to the front as that allows. Entries that only one
 * side has, like a tool's result that cannot be told from a text, move nothing. Works without roles, ids and times, and
 * with equal texts. Each text is read once, however many it is compared with.
 * @param from the history is certain up to here
 * @returns undefined when more of the history is uncertain than can be compared
 */
export async function endOfKnown(
  history: readonly ChatMessage[],
  from: number,
  known: readonly Said[],
): Promise<number | undefined> {
  const rest = history.slice(from)
  // Where every entry says whose it is, the person's texts are enough: a text of the agent's may be stored otherwise than it
  // was returned, and come again in the answer that is looked for.
  const named = rest.every(({ role }) => role !== undefined)
  const numbers = numbering()
  const entries = rest.flatMap(({ role, content = '' }, i) =>
    named && role !== 'user' ? [] : [{ place: from + i, role, text: numbers(content) }],
  )
  const texts = known.flatMap(({ by, text }) => (named && by === 'agent' ? [] : [{ by, text: numbers(text) }]))
  // Where both begin alike, that is how they meet.
  let alike = 0
  while (meet(entries[alike], texts[alike])) alike++
  const behind = entries.slice(alike)
  if (behind.length > MOST_ENTRIES) return undefined
  const met = await lastMet(behind, texts.slice(alike))
  return (entries[alike + met - 1]?.place ?? from - 1) + 1
}

interface Entry {
  role: string | undefined
  text: number
}

interface Known {
  by: string
  text: number
}

const meet = (entry: Entry | undefined, known: Known | undefined): boolean =>
  entry !== undefined &&
  known !== undefined &&
  entry.text === known.text &&
  (entry.role === undefined || entry.role === known.by)

/** How many entries it takes until as many as possible have met. */
async function lastMet(entries: readonly Entry[], texts: readonly Known[]): Promise<number> {
  let row = new Uint16Array(entries.length + 1)
  let next = new Uint16Array(entries.length + 1)
  let compared = 0
  for (const known of texts) {
    for (const [j, entry] of entries.entries()) {
      const best = Math.max(row[j + 1] ?? 0, next[j] ?? 0)
      next[j + 1] = meet(entry, known) ? Math.max(best, (row[j] ?? 0) + 1) : best
    }
    ;[row, next] = [next, row]
    compared += entries.length
    if (compared < COMPARED_AT_ONCE) continue
    compared = 0
    await setImmediate()
  }
  return row.indexOf(row.at(-1) ?? 0)
}

/** Gives equal texts equal numbers. What stands around a text does not count. */
function numbering(): (text: string) => number {
  const numbers = new Map<string, number>()
  return (text) => {
    const trimmed = text.trim()
    const number = numbers.get(trimmed) ?? numbers.size
    numbers.set(trimmed, number)
    return number
  }
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
