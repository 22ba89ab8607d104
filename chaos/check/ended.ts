import type { UponaiEntry } from '@chatlane/sandbox'
import { type Case, timeOf } from './findings.ts'
import { writtenAt } from './taken.ts'
import type { EndKnown, PersonView } from './views.ts'

/**
 * Completions in chats that were known to be over.
 *
 * After an end-chat of ours was answered none may come: the lane that made the call is the one that would make the next.
 * The news by webhook comes to another process, at any moment, also when a turn is just about to call. So a completion that
 * came after it counts only when its turn cannot have begun before: its message was written after the news, or an earlier
 * completion of the conversation came to its end after it. What is left is listed as raced.
 */
export function checkEnded(
  view: PersonView,
  endKnown: ReadonlyMap<string, EndKnown>,
): { sent_into_ended: Case[]; raced_with_end: Case[] } {
  const found: { sent_into_ended: Case[]; raced_with_end: Case[] } = { sent_into_ended: [], raced_with_end: [] }
  for (const completion of view.completions) {
    const known = endKnown.get(completion.chat_id ?? '')
    if (!known) continue
    if (completion.at > known.byCall) {
      found.sent_into_ended.push(caseOf(view, completion, `our end-chat was answered at ${timeOf(known.byCall)}`))
    } else if (completion.at > known.byWebhook) {
      const late = turnBeganAfter(view, completion) > known.byWebhook
      const one = caseOf(view, completion, `we took the webhook chat_ended at ${timeOf(known.byWebhook)}`)
      found[late ? 'sent_into_ended' : 'raced_with_end'].push(one)
    }
  }
  return found
}

function caseOf({ person }: PersonView, { chat_id, content, at, status, outcome }: UponaiEntry, why: string): Case {
  return {
    person: person.name,
    ...(content !== null && { text: content }),
    expected: `no completion any more: ${why}`,
    seen: `one began at ${timeOf(at)} (${outcome}${status === null ? '' : ` ${status}`})`,
    chatIds: chat_id === null ? [] : [chat_id],
    at,
  }
}

/** A moment after which the turn of this completion surely began, ms: turns of a conversation come one after the other. */
function turnBeganAfter({ person, completions, said }: PersonView, completion: UponaiEntry): number {
  const ends = completions.flatMap(({ seq, answered_at }) =>
    seq < completion.seq && answered_at !== null && answered_at <= completion.at ? [answered_at] : [],
  )
  // Of equal texts the first that was not said yet.
  const saidBefore = said.filter(({ text, at }) => text === completion.content && at < completion.at).length
  const written = person.ledger.filter(({ role, text }) => role === 'user' && text === completion.content)[saidBefore]
  return Math.max(written ? writtenAt(written) : 0, ...ends)
}
