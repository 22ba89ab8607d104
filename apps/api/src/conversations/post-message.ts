import type { Acceptance, ApiMetrics, Conversations } from '@chatlane/core'
import type { RequestHandler, Response } from 'express'
import { z } from 'zod'
import type { ConversationAccess } from '../auth/conversation-access.ts'
import { bringsMessage, countMessage } from '../message-count.ts'
import { invalid, parse } from '../parse.ts'
import { Problem } from '../problems.ts'
import type { RateLimits } from '../rate-limits.ts'
import { note } from '../request-log.ts'

const LONGEST_TEXT = 8_000

/** Seconds after which one of many waiting messages may be answered. */
const PAUSE_WHEN_FULL = 5

const id = z.string().min(1).max(255)

const body = z.object(
  {
    text: z.string().refine((text) => text.trim() !== '', 'expected a text that is not blank'),
    client_message_id: id.optional(),
  },
  { error: ({ code }) => (code === 'invalid_type' ? 'expected a JSON object with text' : undefined) },
)

interface Parts {
  access: ConversationAccess
  conversations: Conversations
  limits: RateLimits
  metrics: ApiMetrics
}

/** `POST /v1/conversations/{id}/messages` */
export function postMessage({ access, conversations, limits, metrics }: Parts): RequestHandler {
  return async (request, response) => {
    const { caller, conversation } = await access.open(request, response)
    bringsMessage(response, conversation.channel)
    await limits.message(caller, conversation.id)
    const { text, client_message_id: clientMessageId } = parse(body, request.body)
    const key = sendersId(request.get('idempotency-key'), clientMessageId)
    if (lengthOf(text) > LONGEST_TEXT)
      throw new Problem('too_large', `expected a text of at most ${LONGEST_TEXT} characters`)
    const acceptance = await conversations.accept(conversation, {
      text,
      // Apart from the ids that other senders give to messages of the same conversation.
      ...(key !== undefined && { key: `client:${key}` }),
    })
    note(response, { outcome: acceptance.status })
    countMessage(response, metrics, acceptance.status)
    answer(response, conversation.id, acceptance)
  }
}

/** The sender's id for the message, by which a repeat is known. */
function sendersId(header: string | undefined, clientMessageId: string | undefined): string | undefined {
  if (header !== undefined && !id.safeParse(header).success)
    throw invalid('Idempotency-Key', 'expected 1 to 255 characters')
  if (header !== undefined && clientMessageId !== undefined && header !== clientMessageId)
    throw invalid('client_message_id', 'expected the same as the header Idempotency-Key, or only one of the two')
  return header ?? clientMessageId
}

/** In characters as people count them, near enough: an emoji is one or a few, never cut in halves. */
function lengthOf(text: string): number {
  return text.length <= LONGEST_TEXT ? text.length : [...text].length
}

function answer(response: Response, conversation: string, acceptance: Acceptance): void {
  switch (acceptance.status) {
    case 'accepted':
    case 'duplicate':
      note(response, { message: acceptance.messageId })
      response.status(202).json({ message_id: acceptance.messageId, conversation_id: conversation, status: 'queued' })
      return
    case 'conflict':
      throw new Problem('conflict', 'a message with this key was accepted before, with another text')
    case 'full':
      throw new Problem('too_many_waiting', 'expected the messages before this one to be answered first', {
        retryAfter: PAUSE_WHEN_FULL,
      })
  }
}
