import { isDeepStrictEqual } from 'node:util'
import type { CallOptions, UponAIClient } from '../uponai/client.ts'
import type { Conversation } from './conversation.ts'
import type { Conversations } from './conversations.ts'
import type { ConversationPatch } from './update.ts'

/** As often as others may change the same conversation while one of them tells UponAI. */
const MOST_ROUNDS = 5

export type LiveChatUpdate =
  /** The open chat has what is stored. */
  | { status: 'updated'; chatId: string }
  /** No chat is open: the next one begins with what is stored. */
  | { status: 'no_chat' }
  /** A chat is being opened, or others change the conversation as well: the chat may have earlier values. Ask again. */
  | { status: 'unsettled' }

/**
 * Brings a conversation's open chat in line with what {@link Conversations.update} stored.
 * @param conversation as the update gave it
 * @throws ChatlaneError when UponAI refuses or cannot be asked
 */
export async function updateLiveChat(
  { uponai, conversations }: { uponai: Pick<UponAIClient, 'updateChat'>; conversations: Pick<Conversations, 'find'> },
  conversation: Conversation,
  patch: ConversationPatch,
  options?: CallOptions,
): Promise<LiveChatUpdate> {
  let known = conversation
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const { chatId, endedChatId, endingChatId, attempt } = known
    if (attempt?.kind === 'create') return { status: 'unsettled' }
    if (chatId === undefined || chatId === endedChatId || chatId === endingChatId) return { status: 'no_chat' }
    const told = toldOf(known, patch)
    await uponai.updateChat(chatId, told, options)
    // Of two that change it at once, the one whose request comes last to UponAI may have stored first.
    const now = await conversations.find(known.id)
    if (!now || isDeepStrictEqual(toldOf(now, patch), told)) return { status: 'updated', chatId }
    known = now
  }
  return { status: 'unsettled' }
}

/** What the chat is told of the fields that were changed. Metadata is replaced as a whole, so it has ours again. */
function toldOf({ id, metadata, dynamicVariables }: Conversation, patch: ConversationPatch) {
  return {
    ...(patch.metadata && { metadata: { ...metadata, conversation_id: id } }),
    ...(patch.dynamicVariables && { overrideDynamicVariables: dynamicVariables ?? {} }),
  }
}
