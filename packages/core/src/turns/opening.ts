import type { Verdict } from '@chatlane/lanes'
import { pairOf } from '../conversations/opt-outs.ts'
import { replyAddress } from '../conversations/reply-address.ts'
import type { TurnContext } from './context.ts'
import { leaveChat } from './message.ts'
import { openChat } from './open-chat.ts'

/** The agent says the first words to someone who has not written: its greeting is all there is to send, so it must be there. */
export async function doOpening(context: TurnContext): Promise<Verdict> {
  const { conversation, conversations, item } = context
  // It died between the chat's record, with which the greeting went out, and its commit.
  if (conversation.openedBy === item) return { do: 'commit' }
  if (await conversations.optOuts.blocks(pairOf(replyAddress(conversation)), item)) {
    return { do: 'bury', reason: 'opted_out', detail: 'the person wants no messages of this sender' }
  }
  if (conversation.hand !== undefined) {
    return { do: 'bury', reason: 'handed_off', detail: 'an operator has the conversation: the agent says nothing' }
  }
  if (conversation.chatId !== undefined && conversation.chatId === conversation.endedChatId) leaveChat(context)
  if (conversation.chatId !== undefined) {
    return noOpening('the chat is open already: an agent greets at its beginning only')
  }
  const { greetings } = await openChat(context, { openedBy: item })
  if (greetings > 0) return { do: 'commit' }
  return noOpening(`agent ${conversation.agentId} has no greeting: give it one, or send a text`)
}

function noOpening(detail: string): Verdict {
  return { do: 'bury', reason: 'no_opening', detail }
}
