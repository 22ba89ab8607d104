import type { Conversations } from '@chatlane/core'
import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { ApiKeys } from '../auth/api-keys.ts'
import type { ConversationAccess } from '../auth/conversation-access.ts'
import { parse } from '../parse.ts'
import { note } from '../request-log.ts'
import { conversationView } from './view.ts'

const body = z.strictObject({
  /** The agent is told of what was said meanwhile. */
  tell_agent: z.boolean({ error: 'expected true or false' }).default(false),
})

interface Parts {
  keys: ApiKeys
  access: ConversationAccess
  conversations: Conversations
}

/** `POST /v1/conversations/{id}/resume` */
export function resumeConversation({ keys, access, conversations }: Parts): RequestHandler {
  return async (request, response) => {
    keys.require(request)
    const { conversation } = await access.open(request, response)
    const { tell_agent: tellAgent } = parse(body, request.body ?? {})
    await conversations.handoffs.end(conversation, { tellAgent })
    note(response, { outcome: 'resumed' })
    const now = (await conversations.find(conversation.id)) ?? conversation
    response.json(await conversationView(conversations, now, 'server'))
  }
}
