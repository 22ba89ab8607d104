import type { TrueChat, UponaiEntry } from '@chatlane/sandbox'
import type { Evidence } from '../evidence.ts'
import { type Case, timeOf } from './findings.ts'
import type { Views } from './views.ts'

interface Pair {
  earlier: UponaiEntry
  later: UponaiEntry
}

/**
 * Chats with two completions at once. Two texts that are worked on at once are a fault whatever happened. Two open calls are
 * one when the later began while somebody could still be at the earlier. After that the earlier one was given up, and is
 * open because nobody can close what a frozen process or a dead connection holds: listed as left open.
 */
export function checkOverlapping(
  { chats, graceMs }: Evidence,
  { completionsOf, nameOf }: Views,
): { overlapping: Case[]; left_open: Case[] } {
  const found: { overlapping: Case[]; left_open: Case[] } = { overlapping: [], left_open: [] }
  for (const chat of chats) {
    const pairs = openAtOnce(completionsOf.get(chat.chat_id) ?? [])
    const tooEarly = pairs.filter(({ earlier, later }) => later.at - earlier.at < graceMs)
    // What UponAI counted and no call explains is a fault as well.
    const unexplained = pairs.length === 0 && chat.max_in_flight > 1
    if (chat.max_working > 1 || tooEarly.length > 0 || unexplained) {
      found.overlapping.push(caseOf(chat, tooEarly[0] ?? pairs[0]))
    } else if (pairs.length > 0) found.left_open.push(caseOf(chat, pairs[0]))
  }
  return found

  function caseOf(chat: TrueChat, pair: Pair | undefined): Case {
    const atOnce = `up to ${chat.max_in_flight} callers waiting, up to ${chat.max_working} texts worked on at once`
    return {
      person: nameOf(chat),
      expected: `one completion at a time, and none within ${graceMs} ms of one that is still open`,
      seen: pair ? `${atOnce}; ${describe(pair)}` : atOnce,
      chatIds: [chat.chat_id],
      at: pair?.later.at ?? chat.started_at,
    }
  }
}

/** Each call with those before it that were still open when it came. */
function openAtOnce(completions: readonly UponaiEntry[]): Pair[] {
  const pairs: Pair[] = []
  let open: UponaiEntry[] = []
  for (const later of completions) {
    open = open.filter(({ answered_at }) => answered_at === null || answered_at > later.at)
    for (const earlier of open) pairs.push({ earlier, later })
    open.push(later)
  }
  return pairs
}

function describe({ earlier, later }: Pair): string {
  const end = earlier.answered_at === null ? 'the end of the run' : timeOf(earlier.answered_at)
  return `one from ${timeOf(earlier.at)} to ${end} (${earlier.outcome}), the next one ${later.at - earlier.at} ms after it`
}
