import type { Conversations } from '@chatlane/core'
import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { ApiKeys } from '../auth/api-keys.ts'
import { parse } from '../parse.ts'
import { note } from '../request-log.ts'
import { pairsOf, personFields } from './person.ts'

const input = z.strictObject(personFields)

/** `DELETE /v1/opt-outs/{to}`: lifts what the person, or somebody for them, asked for. Harmless when repeated. */
export function removeOptOut({ keys, conversations }: { keys: ApiKeys; conversations: Conversations }): RequestHandler {
  return async (request, response) => {
    keys.require(request)
    const person = parse(input, { ...request.query, to: request.params.to })
    const items = []
    for (const pair of await pairsOf(conversations, person))
      items.push({ ...pair, changed: await conversations.optIn(pair) })
    note(response, { outcome: items.some(({ changed }) => changed) ? 'lifted' : 'unchanged' })
    response.json({ items })
  }
}
