import type { TrueChat } from '@chatlane/sandbox'
import { takeByText } from './compare.ts'
import type { Case } from './findings.ts'
import { isSilent } from './orphans.ts'
import type { PersonView, Views } from './views.ts'

/**
 * Chats in which a user said something and whose conversation is nobody's. On the web somebody may never have heard of the
 * conversation that was opened for them; then nothing was accepted, and only what they said without being told can be in it.
 * By SMS everybody's conversation is known by their number.
 */
export function unknownConversations({ people, chatsOf }: Views): Case[] {
  const known = new Set(people.map(({ person }) => person.conversationId))
  const cases: Case[] = []
  for (const [conversation, chats] of chatsOf) {
    if (conversation !== undefined && known.has(conversation)) continue
    const withWords = chats.filter((chat) => !isSilent(chat))
    if (withWords.length === 0 || people.some((view) => mayBeTheirs(view, withWords))) continue
    for (const chat of withWords) {
      cases.push({
        person: `unknown (${conversation === undefined ? 'no conversation' : `conversation ${conversation}`})`,
        text: wordsIn(chat)[0]?.text ?? '',
        expected: 'said in the conversation of a person',
        seen: `${wordsIn(chat).length} texts in a chat of a conversation that is nobody's`,
        chatIds: [chat.chat_id],
        at: chat.started_at,
      })
    }
  }
  return cases
}

function mayBeTheirs({ person }: PersonView, chats: readonly TrueChat[]): boolean {
  if (person.channel !== 'web' || person.conversationId !== undefined || person.accepted.length > 0) return false
  return takeByText(chats.flatMap(wordsIn), person.unclear).rest.length === 0
}

function wordsIn({ messages }: TrueChat): { text: string }[] {
  return messages.flatMap(({ role, content }) => (role === 'user' ? [{ text: content ?? '' }] : []))
}
