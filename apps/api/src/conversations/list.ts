import { type Conversations, isListCursor } from '@chatlane/core'
import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { ApiKeys } from '../auth/api-keys.ts'
import { limit } from '../page-limit.ts'
import { parse } from '../parse.ts'
import { conversationView, unreadableView } from './view.ts'

const query = z.object({
  status: z.enum(['open', 'closed']).optional(),
  channel: z.enum(['web', 'sms', 'whatsapp', 'rcs']).optional(),
  // A plus sign that was not encoded arrives as a space.
  participant: z
    .string()
    .transform((address) => address.replace(/^([a-z]+:)? (?=\d)/, '$1+'))
    .optional(),
  cursor: z.string().refine(isListCursor, 'expected what an earlier answer gave as next').optional(),
  limit: limit(200),
})

/** `GET /v1/conversations` */
export function listConversations(parts: { keys: ApiKeys; conversations: Conversations }): RequestHandler {
  return async (request, response) => {
    parts.keys.require(request)
    const { status, channel, participant, cursor, limit } = parse(query, request.query)
    const { conversations, unreadable, next } = await parts.conversations.list({
      limit,
      ...(status && { status }),
      ...(channel && { channel }),
      ...(participant !== undefined && { participant }),
      ...(cursor !== undefined && { cursor }),
    })
    const items = await Promise.all(conversations.map((one) => conversationView(parts.conversations, one, 'server')))
    response.json({ items: [...items, ...unreadable.map(unreadableView)], next: next ?? null })
  }
}
