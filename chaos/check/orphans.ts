import type { TrueChat } from '@chatlane/sandbox'
import type { DeadLetterEvidence, Person } from '../evidence.ts'
import type { Case } from './findings.ts'
import type { Views } from './views.ts'

/**
 * Chats that go on at UponAI and that nobody will end.
 *
 * An open conversation has one chat, with or without words in it: a greeting waits for its person, and the conversation's
 * deadline ends it. A closed one has none, and every further one was forgotten. A close or end that became a dead letter
 * left its chat open with a reason; it is listed there.
 * Of a conversation that no sender was told of, a chat with words says that it is in use; for one without words it counts as
 * open while one of the known ones has a chat, for then the run was over before the deadlines.
 */
export function orphanChats({ people, chatsOf, lettersOf, nameOf }: Views): Case[] {
  const known = new Map(people.map(({ person }) => [person.conversationId, person]))
  const someWait = people.some(({ person, chats }) => person.status === 'open' && chats.some(isOngoing))
  const cases: Case[] = []
  for (const [conversation, chats] of chatsOf) {
    const ongoing = chats.filter(isOngoing)
    if (ongoing.length === 0) continue
    const person = conversation === undefined ? undefined : known.get(conversation)
    const orphans = person
      ? orphansOf(person, chats).slice(leftWithReason(lettersOf.get(conversation ?? '')))
      : ongoing.filter((chat) => isSilent(chat) && !(someWait && conversation !== undefined && chat === chats.at(-1)))
    for (const chat of orphans) {
      cases.push({
        person: nameOf(chat),
        expected: expectation(person),
        seen: `it is ongoing${isSilent(chat) ? ', and nobody ever said anything in it' : ''}`,
        chatIds: [chat.chat_id],
        at: chat.started_at,
      })
    }
  }
  return cases
}

/** Ongoing chats that are not the conversation's own. */
export function orphansOf({ status, chatId }: Person, chats: readonly TrueChat[]): TrueChat[] {
  const ongoing = chats.filter(isOngoing)
  if (status === 'closed') return ongoing
  // One of which the conversation has not heard yet is looked for when it closes: that would be the newest.
  const own = chatId ?? chats.at(-1)?.chat_id
  return ongoing.filter(({ chat_id }) => chat_id !== own)
}

/** Chats that were left open with a reason: closes and ends that were given up. */
export function leftWithReason(letters: readonly DeadLetterEvidence[] = []): number {
  return letters.filter(({ kind }) => kind === 'close' || kind === 'end').length
}

function expectation(person: Person | undefined): string {
  if (!person) return 'ended, or the chat of a known conversation'
  if (person.status === 'closed') return 'ended: the conversation is closed'
  return person.chatId === undefined
    ? 'ended: the conversation has a newer chat'
    : `ended: the conversation's chat is ${person.chatId}`
}

export function isOngoing({ status }: TrueChat): boolean {
  return status === 'ongoing'
}

export function isSilent({ messages }: TrueChat): boolean {
  return messages.every(({ role }) => role !== 'user')
}
