import { type Conversations, DEFAULT_WEB_LIMITS } from '@chatlane/core'
import type { RequestHandler } from 'express'
import type { ApiKeys } from '../auth/api-keys.ts'
import type { ConversationAccess } from '../auth/conversation-access.ts'
import type { RateLimits } from '../limits/rate-limits.ts'
import { Problem } from '../problems.ts'
import { note } from '../request-log.ts'
import { readText } from './sent-text.ts'

interface Parts {
  keys: ApiKeys
  access: ConversationAccess
  conversations: Conversations
  limits: RateLimits
}

/** `POST /v1/conversations/{id}/replies` */
export function postReply({ keys, access, conversations, limits }: Parts): RequestHandler {
  return async (request, response) => {
    keys.require(request)
    const { visitor, conversation } = await access.open(request, response)
    await limits.message(visitor, DEFAULT_WEB_LIMITS)
    const reply = await conversations.handoffs.reply(conversation, readText(request))
    note(response, { outcome: reply.status })
    if (reply.status === 'not_handed_off')
      throw new Problem('not_handed_off', 'the agent has this conversation: hand it off first')
    if (reply.status === 'conflict')
      throw new Problem('conflict', 'a reply with this key was sent before, with another text')
    note(response, { message: reply.messageId })
    response.status(202).json({ message_id: reply.messageId, conversation_id: conversation.id, status: reply.shown })
  }
}
