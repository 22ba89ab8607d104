import { type Conversations, isEntryId } from '@chatlane/core'
import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { ConversationAccess } from '../auth/conversation-access.ts'
import type { HeldAnswers } from '../limits/held-answers.ts'
import type { RateLimits } from '../limits/rate-limits.ts'
import type { ReadGate } from '../limits/read-gate.ts'
import { limit } from '../page-limit.ts'
import { parse } from '../parse.ts'

const query = z.object({
  after: z.string().refine(isEntryId, 'expected the id of a message or an event, or 0').default('0'),
  limit: limit(1_000),
})

interface Parts {
  access: ConversationAccess
  conversations: Conversations
  limits: RateLimits
  reads: ReadGate
  held: HeldAnswers
}

/** `GET /v1/conversations/{id}/messages` */
export function listMessages({ access, conversations, limits, reads, held }: Parts): RequestHandler {
  return async (request, response) => {
    const { caller, visitor, conversation } = await access.open(request, response)
    const { after, limit } = parse(query, request.query)
    await limits.read(visitor, limit)
    const { items, next } = await reads.pass(caller, () => conversations.messages(conversation.id, after, limit))
    const body = Buffer.from(JSON.stringify({ items, next: next ?? null }))
    if (caller !== 'server') {
      await limits.brought(visitor, limit, body.length)
      held.hold(response, visitor.address, body.length)
    }
    response.type('application/json').send(body)
  }
}
