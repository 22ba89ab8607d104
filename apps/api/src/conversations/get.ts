import { analysisView, type Conversations, type Flag, reasonText } from '@chatlane/core'
import type { RequestHandler } from 'express'
import type { ConversationAccess } from '../auth/conversation-access.ts'
import type { RateLimits } from '../limits/rate-limits.ts'
import { conversationView } from './view.ts'

interface Parts {
  access: ConversationAccess
  conversations: Conversations
  limits: RateLimits
}

/** `GET /v1/conversations/{id}` */
export function getConversation(parts: Parts): RequestHandler {
  return async (request, response) => {
    const { caller, visitor, conversation } = await parts.access.open(request, response)
    await parts.limits.read(visitor)
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
