import type { TrueChat } from '@chatlane/sandbox'
import type { Case } from './findings.ts'

/** Chats that had two completions at once: two callers that waited, or two texts that were worked on. */
export function overlapping(chats: readonly TrueChat[], nameOf: (chat: TrueChat) => string): Case[] {
  return chats
    .filter(({ max_in_flight, max_working }) => max_in_flight > 1 || max_working > 1)
    .map((chat) => ({
      person: nameOf(chat),
      expected: 'one completion at a time',
      seen: `up to ${chat.max_in_flight} callers waiting, up to ${chat.max_working} texts worked on at once`,
      chatIds: [chat.chat_id],
      at: chat.started_at,
    }))
}
