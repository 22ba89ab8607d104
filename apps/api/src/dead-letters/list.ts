import type { ConversationDeadLetters } from '@chatlane/core'
import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { ApiKeys } from '../auth/api-keys.ts'
import { limit } from '../page-limit.ts'
import { parse } from '../parse.ts'

const query = z.object({ limit: limit(1_000) })

/** `GET /v1/dead-letters`: the newest first */
export function listDeadLetters(parts: { keys: ApiKeys; deadLetters: ConversationDeadLetters }): RequestHandler {
  return async (request, response) => {
    parts.keys.require(request)
    const { limit } = parse(query, request.query)
    const letters = await parts.deadLetters.list(limit)
    const items = letters.map((letter) => ({
      id: letter.id,
      conversation_id: letter.conversationId,
      kind: letter.kind,
      message_id: letter.kind === 'message' ? letter.itemId : null,
      text: letter.text ?? null,
      reason: letter.reason,
      detail: letter.detail,
      tries: letter.tries,
      at: letter.at.toISOString(),
    }))
    response.json({ items })
  }
}
