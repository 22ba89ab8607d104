import { type ConversationDeadLetters, deadLetterView, isDeadLetterCursor } from '@chatlane/core'
import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { ApiKeys } from '../auth/api-keys.ts'
import { limit } from '../page-limit.ts'
import { parse } from '../parse.ts'

const query = z.object({
  reason: z.string().optional(),
  kind: z.string().optional(),
  conversation_id: z.string().optional(),
  cursor: z.string().refine(isDeadLetterCursor, 'expected what an earlier answer gave as next').optional(),
  limit: limit(1_000),
})

/** `GET /v1/dead-letters`: the newest first */
export function listDeadLetters(parts: { keys: ApiKeys; deadLetters: ConversationDeadLetters }): RequestHandler {
  return async (request, response) => {
    parts.keys.require(request)
    const { reason, kind, conversation_id: conversationId, cursor, limit } = parse(query, request.query)
    const { letters, next } = await parts.deadLetters.list({
      limit,
      ...(reason !== undefined && { reason }),
      ...(kind !== undefined && { kind }),
      ...(conversationId !== undefined && { conversationId }),
      ...(cursor !== undefined && { cursor }),
    })
    response.json({ items: letters.map(deadLetterView), next: next ?? null })
  }
}
