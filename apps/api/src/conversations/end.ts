import { type Conversations, type RoutesHolder, webLimitsOf } from '@chatlane/core'
import type { RequestHandler } from 'express'
import type { ConversationAccess } from '../auth/conversation-access.ts'
import type { RateLimits } from '../limits/rate-limits.ts'
import { note } from '../request-log.ts'

interface Parts {
  access: ConversationAccess
  conversations: Conversations
  limits: RateLimits
  routes: RoutesHolder
}

/** `POST /v1/conversations/{id}/end` */
export function endConversation({ access, conversations, limits, routes }: Parts): RequestHandler {
  return async (request, response) => {
    const { visitor, conversation } = await access.open(request, response)
    await limits.message(visitor, webLimitsOf(routes.current, conversation))
    await conversations.requestEnd(conversation)
    note(response, { outcome: 'ending' })
    response.status(202).json({ conversation_id: conversation.id, status: 'ending' })
  }
}
