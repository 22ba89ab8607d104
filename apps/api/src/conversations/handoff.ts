import type { Conversations } from '@chatlane/core'
import type { RequestHandler } from 'express'
import type { ApiKeys } from '../auth/api-keys.ts'
import type { ConversationAccess } from '../auth/conversation-access.ts'
import { note } from '../request-log.ts'
import { conversationView } from './view.ts'

interface Parts {
  keys: ApiKeys
  access: ConversationAccess
  conversations: Conversations
}

/** `POST /v1/conversations/{id}/handoff` */
export function handOffConversation({ keys, access, conversations }: Parts): RequestHandler {
  return async (request, response) => {
    keys.require(request)
    const { conversation } = await access.open(request, response)
    await conversations.handoffs.begin(conversation)
    note(response, { outcome: 'handed_off' })
    const now = (await conversations.find(conversation.id)) ?? conversation
    response.json(await conversationView(conversations, now, 'server'))
  }
}
