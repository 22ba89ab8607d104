import { type Conversations, isOptOutCursor, optOutView } from '@chatlane/core'
import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { ApiKeys } from '../auth/api-keys.ts'
import { limit } from '../page-limit.ts'
import { invalid, parse } from '../parse.ts'
import { pairsOf, personFields } from './person.ts'

const query = z.strictObject({
  to: personFields.to.optional(),
  from: personFields.from,
  cursor: z.string().refine(isOptOutCursor, 'expected what an earlier answer gave as next').optional(),
  limit: limit(1_000),
})

/** `GET /v1/opt-outs`: all of them, in no order, or those of one person. */
export function listOptOuts({ keys, conversations }: { keys: ApiKeys; conversations: Conversations }): RequestHandler {
  return async (request, response) => {
    keys.require(request)
    const { to, from, cursor, limit } = parse(query, request.query)
    const { optOuts } = conversations
    if (to !== undefined) {
      const pairs = await pairsOf(conversations, { to, from })
      const found = await Promise.all(pairs.map((pair) => optOuts.get(pair)))
      response.json({ items: found.filter((one) => one !== undefined).map(optOutView), next: null })
      return
    }
    if (from !== undefined) throw invalid('from', 'expected to beside it: the list is not kept by sender')
    const page = await optOuts.list({ limit, ...(cursor !== undefined && { cursor }) })
    response.json({ items: page.optOuts.map(optOutView), next: page.next ?? null })
  }
}
