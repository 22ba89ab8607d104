import type { ConversationDeadLetters } from '@chatlane/core'
import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { ApiKeys } from '../auth/api-keys.ts'
import { parse } from '../parse.ts'
import { note } from '../request-log.ts'

const body = z.strictObject({
  reason: z.string().optional(),
  kind: z.string().optional(),
  conversation_id: z.string().optional(),
  force: z.boolean().default(false),
})

/** `POST /v1/dead-letters/replay`: all, or all that fit, in the order in which they were given up */
export function replayDeadLetters(parts: { keys: ApiKeys; deadLetters: ConversationDeadLetters }): RequestHandler {
  return async (request, response) => {
    parts.keys.require(request)
    const { reason, kind, conversation_id: conversationId, force } = parse(body, request.body ?? {})
    const filter = {
      ...(reason !== undefined && { reason }),
      ...(kind !== undefined && { kind }),
      ...(conversationId !== undefined && { conversationId }),
    }
    const { replayed, mayRepeat } = await parts.deadLetters.replayAll(filter, { force })
    note(response, { outcome: 'replayed', count: replayed, left: mayRepeat })
    response.status(202).json({ replayed, may_repeat: mayRepeat })
  }
}
