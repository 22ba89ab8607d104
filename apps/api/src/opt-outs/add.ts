import type { Conversations } from '@chatlane/core'
import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { ApiKeys } from '../auth/api-keys.ts'
import { parse } from '../parse.ts'
import { note } from '../request-log.ts'
import { pairsOf, personFields } from './person.ts'

const body = z.strictObject({
  ...personFields,
  /** Who said so. */
  by: z.enum(['person', 'operator'], { error: 'expected person or operator' }).default('operator'),
})

/** `POST /v1/opt-outs`: from its answer on nothing more is sent. Harmless when repeated. */
export function addOptOut({ keys, conversations }: { keys: ApiKeys; conversations: Conversations }): RequestHandler {
  return async (request, response) => {
    keys.require(request)
    const { by, ...person } = parse(body, request.body ?? {})
    const items = []
    for (const pair of await pairsOf(conversations, person))
      items.push({ ...pair, changed: await conversations.optOut(pair, by) })
    note(response, { outcome: items.some(({ changed }) => changed) ? 'opted_out' : 'unchanged' })
    response.json({ items })
  }
}
