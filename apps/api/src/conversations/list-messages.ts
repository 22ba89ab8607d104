import { type Conversations, isEntryId } from '@chatlane/core'
import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { ConversationAccess } from '../auth/conversation-access.ts'
import { limit } from '../page-limit.ts'
import { parse } from '../parse.ts'

const query = z.object({
  after: z.string().refine(isEntryId, 'expected the id of a message or an event, or 0').default('0'),
  limit: limit(1_000),
})

/** `GET /v1/conversations/{id}/messages` */
export function listMessages(parts: { access: ConversationAccess; conversations: Conversations }): RequestHandler {
  return async (request, response) => {
    const { conversation } = await parts.access.open(request, response)
    const { after, limit } = parse(query, request.query)
    const { items, next } = await parts.conversations.messages(conversation.id, after, limit)
    response.json({ items, next: next ?? null })
  }
}
