import { isEntryId, type LiveEvents, type StoredEntry } from '@chatlane/core'
import type { Request, RequestHandler } from 'express'
import { z } from 'zod'
import type { ConversationAccess } from '../auth/conversation-access.ts'
import type { RateLimits } from '../limits/rate-limits.ts'
import { invalid, parse } from '../parse.ts'
import { framesOf, typingFrame } from './event-frames.ts'
import type { EventStreams } from './event-streams.ts'

const query = z.object({ token: z.string().optional(), after: z.string().optional() })

interface Parts {
  access: ConversationAccess
  limits: RateLimits
  live: LiveEvents
  streams: EventStreams
}

/** `GET /v1/conversations/{id}/events` */
export function conversationEvents({ access, limits, live, streams }: Parts): RequestHandler {
  return async (request, response) => {
    const { token, after } = parse(query, request.query)
    const left = new AbortController()
    response.once('close', () => left.abort())
    const { caller, visitor, conversation } = await access.open(request, response, token)
    await limits.read(visitor)
    const from = await live.placeOf(conversation.id, startOf(request, after))
    const stream = streams.open(response, visitor)
    // Express answers HEAD as GET; without a body there is nothing to wait for.
    if (request.method === 'HEAD') stream.end()
    const listener = {
      past: (entries: readonly StoredEntry[]) => stream.sendPast(entries.map((entry) => framesOf(entry, caller))),
      entries: (entries: readonly StoredEntry[]) => {
        for (const entry of entries) stream.send(framesOf(entry, caller))
      },
      typing: () => stream.send(typingFrame(conversation.id)),
    }
    await live.follow(conversation.id, from, listener, left.signal)
  }
}

/** Where the stream begins. A client that comes back asks for the same URL, and says in the header how far it got. */
function startOf(request: Request, after: string | undefined): string | undefined {
  const header = request.get('last-event-id') || undefined
  const start = header ?? after
  if (start !== undefined && !isEntryId(start))
    throw invalid(header === undefined ? 'after' : 'Last-Event-ID', 'expected the id of a message or an event, or 0')
  return start
}
