import type { Case } from './findings.ts'
import { isOngoing, leftWithReason, orphansOf } from './orphans.ts'
import type { Views } from './views.ts'

/** Conversations that are open with a chat, though the run waited for all chats to close. */
export function notClosed({ people, lettersOf }: Views): Case[] {
  return people.flatMap(({ person, chats }) => {
    if (!person.closes || person.status !== 'open') return []
    // One of which the conversation has not heard yet would be the newest.
    const newest = chats.at(-1)
    const own = person.chatId ?? (newest && isOngoing(newest) ? newest.chat_id : undefined)
    if (own === undefined) return []
    const excused = leftWithReason(lettersOf.get(person.conversationId ?? '')) - orphansOf(person, chats).length
    if (excused > 0) return []
    return {
      person: person.name,
      expected: 'closed when the run is over: its route closes chats for silence',
      seen: `open with a chat, ${person.pending} messages in its lane`,
      chatIds: [own],
    }
  })
}
