import type { ConversationDeadLetters } from '@chatlane/core'
import type { RequestHandler } from 'express'
import type { ApiKeys } from '../auth/api-keys.ts'
import { Problem } from '../problems.ts'
import { note } from '../request-log.ts'

/** `POST /v1/dead-letters/{id}/replay`: into its lane again, behind what waits there */
export function replayDeadLetter(parts: { keys: ApiKeys; deadLetters: ConversationDeadLetters }): RequestHandler {
  return async (request, response) => {
    parts.keys.require(request)
    const id = String(request.params.id)
    const letter = await parts.deadLetters.replay(id)
    if (!letter) throw new Problem('not_found', 'there is no dead letter with this id')
    const { conversationId, itemId, kind } = letter
    note(response, { outcome: 'replayed', conversation: conversationId, message: itemId })
    const message = kind === 'message' ? itemId : null
    response.status(202).json({ id, conversation_id: conversationId, message_id: message, status: 'queued' })
  }
}
