import type { Conversations } from '@chatlane/core'
import type { RequestHandler } from 'express'
import type { ConversationAccess } from '../auth/conversation-access.ts'
import { conversationView } from './view.ts'

/** `GET /v1/conversations/{id}` */
export function getConversation(parts: { access: ConversationAccess; conversations: Conversations }): RequestHandler {
  return async (request, response) => {
    const { conversation } = await parts.access.open(request, response)
    response.json(conversationView(conversation, await parts.conversations.waiting(conversation)))
  }
}
