import { type ConversationDeadLetters, fullDeadLetterView } from '@chatlane/core'
import type { RequestHandler } from 'express'
import type { ApiKeys } from '../auth/api-keys.ts'
import { noDeadLetter } from './no-dead-letter.ts'

/** `GET /v1/dead-letters/{id}`: with the tries that failed and the last messages of its conversation */
export function getDeadLetter(parts: { keys: ApiKeys; deadLetters: ConversationDeadLetters }): RequestHandler {
  return async (request, response) => {
    parts.keys.require(request)
    const letter = await parts.deadLetters.get(String(request.params.id))
    if (!letter) throw noDeadLetter()
    response.json(fullDeadLetterView(letter))
  }
}
