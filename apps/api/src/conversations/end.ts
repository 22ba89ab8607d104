import type { Conversations } from '@chatlane/core'
import type { RequestHandler } from 'express'
import type { ConversationAccess } from '../auth/conversation-access.ts'
import type { RateLimits } from '../rate-limits.ts'
import { note } from '../request-log.ts'

interface Parts {
  access: ConversationAccess
  conversations: Conversations
  limits: RateLimits
}

/** `POST /v1/conversations/{id}/end` */
export function endConversation({ access, conversations, limits }: Parts): RequestHandler {
  return async (request, response) => {
    const { caller, conversation } = await access.open(request, response)
    await limits.message(caller, conversation.id)
    await conversations.requestEnd(conversation)
    note(response, { outcome: 'ending' })
    response.status(202).json({ conversation_id: conversation.id, status: 'ending' })
  }
}
