import { agentTexts, type Chat, type ChatMessage, isOfTool } from '../uponai/client.ts'

/**
 * The entries of a history that were said, by either side. Tool calls and their results, transitions and the like are left
 * out: a completion may return some that the history does not keep, so they must not count.
 */
export function spoken(messages: readonly ChatMessage[]): ChatMessage[] {
  return messages.filter(
    (message) =>
      message.content !== undefined &&
      message.content.trim() !== '' &&
      (message.role === 'agent' || message.role === 'user' || (message.role === undefined && !isOfTool(message))),
  )
}

/** What a chat's history says of a text. */
export type Finding =
  | { found: false }
  /** It was said, and these are the answers (none: it may still be at it). */
  | { found: true; answers: string[]; length: number }

/**
 * Looks for a text behind what is known of the history for certain. Works without roles, ids and times: lanes are serial, so
 * the first entry with exactly this text behind that point is ours, and all behind it is the answer.
 */
export function findText(chat: Chat, knownLength: number, text: string): Finding {
  const all = spoken(chat.messages)
  const wanted = text.trim()
  const place = all.findIndex(
    ({ role, content }, i) => i >= knownLength && role !== 'agent' && content?.trim() === wanted,
  )
  if (place === -1) return { found: false }
  return { found: true, answers: agentTexts(all.slice(place + 1)), length: all.length }
}
