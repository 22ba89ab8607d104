import type { ConversationDeadLetters } from '@chatlane/core'
import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { ApiKeys } from '../auth/api-keys.ts'
import { parse } from '../parse.ts'
import { Problem } from '../problems.ts'
import { note } from '../request-log.ts'
import { noDeadLetter } from './no-dead-letter.ts'

const body = z.strictObject({ force: z.boolean().default(false) })

/** `POST /v1/dead-letters/{id}/replay`: into its lane again, behind what waits there */
export function replayDeadLetter(parts: { keys: ApiKeys; deadLetters: ConversationDeadLetters }): RequestHandler {
  return async (request, response) => {
    parts.keys.require(request)
    const id = String(request.params.id)
    const { force } = parse(body, request.body ?? {})
    const replayed = await parts.deadLetters.replay(id, { force })
    if (replayed.status === 'not_found') throw noDeadLetter()
    const { letter } = replayed
    if (replayed.status === 'unreadable')
      throw new Problem(
        'unreadable',
        'what was to be done is not known; a dead letter that cannot be read can be removed',
      )
    if (replayed.status === 'may_repeat') {
      const what = letter.kind === 'delivery' ? 'been sent' : 'reached the agent'
      throw new Problem('may_repeat', `its text may have ${what}; with {"force": true} it is done (again) all the same`)
    }
    const { conversationId, messageId } = letter
    note(response, { outcome: 'replayed', conversation: conversationId, message: messageId })
    response.status(202).json({ id, conversation_id: conversationId, message_id: messageId ?? null, status: 'queued' })
  }
}
