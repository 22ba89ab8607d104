import type { ConversationDeadLetters } from '@chatlane/core'
import type { RequestHandler } from 'express'
import type { ApiKeys } from '../auth/api-keys.ts'
import { note } from '../request-log.ts'
import { noDeadLetter } from './no-dead-letter.ts'

/** `DELETE /v1/dead-letters/{id}` */
export function removeDeadLetter(parts: { keys: ApiKeys; deadLetters: ConversationDeadLetters }): RequestHandler {
  return async (request, response) => {
    parts.keys.require(request)
    const id = String(request.params.id)
    if (!(await parts.deadLetters.remove(id))) throw noDeadLetter()
    note(response, { outcome: 'removed', dead_letter: id })
    response.status(204).end()
  }
}
