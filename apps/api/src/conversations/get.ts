import { analysisView, type Conversations, type Flag, reasonText } from '@chatlane/core'
import type { RequestHandler } from 'express'
import type { ConversationAccess } from '../auth/conversation-access.ts'
import { conversationView } from './view.ts'

/** `GET /v1/conversations/{id}` */
export function getConversation(parts: { access: ConversationAccess; conversations: Conversations }): RequestHandler {
  return async (request, response) => {
    const { caller, conversation } = await parts.access.open(request, response)
    const view = await conversationView(parts.conversations, conversation, caller)
    const { analysis } = conversation
    const flag = await parts.conversations.flaggedNumbers.isFlagged(conversation.participant)
    // What is said of a participant is not for them.
    response.json({
      ...view,
      ...(caller === 'server' && flag && { flagged: flagView(flag) }),
      ...(caller === 'server' && analysis && { analysis: analysisView(analysis) }),
    })
  }
}

function flagView({ reason, at }: Flag) {
  return { reason, reason_text: reasonText(reason), at: at.toISOString() }
}
