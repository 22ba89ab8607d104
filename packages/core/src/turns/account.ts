import type { StoredEntry } from '../conversations/ledger.ts'
import { linesOf, ourWords } from '../conversations/voices.ts'

/** Characters of an account, of a longer one the newest messages. */
const MOST_CHARACTERS = 4_000

const HEAD = 'A colleague has just had this conversation. What was said meanwhile:'
const FOOT = 'The conversation is yours again.'

/**
 * What an agent is told of the time in which an operator had the conversation: the person's messages that were kept for the
 * operator, and what was said to the person by others than the agent.
 * @param since the ledger's entries behind which operators had it
 * @returns undefined when nothing was said
 */
export function accountOf(ledger: readonly StoredEntry[], since: readonly string[]): string | undefined {
  // One that is not kept any more is before all that is.
  const before = Math.min(...since.map((id) => ledger.findIndex((stored) => stored.id === id)))
  const kept = new Set(
    ledger
      .slice(before + 1)
      .flatMap(({ entry }) => (entry.kind === 'status' && entry.status === 'handed_off' ? [entry.message] : [])),
  )
  const lines = ledger.flatMap(({ id, entry }, i) => {
    if (entry.kind !== 'message') return []
    const text = entry.text || '(a file)'
    if (kept.has(id)) return [linesOf('Customer', text)]
    if (i <= before || entry.by === undefined) return []
    return [linesOf(entry.by === 'operator' ? 'Colleague' : 'Business', text)]
  })
  if (lines.length === 0) return undefined
  const most = MOST_CHARACTERS - ourWords(HEAD + FOOT).length - 2
  return ourWords([HEAD, ...newest(lines, most), FOOT].join('\n'))
}

/** The last lines, in so many characters with their line ends. */
function newest(lines: readonly string[], most: number): string[] {
  const kept: string[] = []
  let left = most - 2
  for (const line of lines.toReversed()) {
    // Half an emoji would come back from the chat's history as something else.
    if (line.length >= left) return kept.length > 0 ? ['…', ...kept] : [`${line.slice(0, left - 2).toWellFormed()}…`]
    left -= line.length + 1
    kept.unshift(line)
  }
  return kept
}
