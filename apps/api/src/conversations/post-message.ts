import { type Acceptance, type ApiMetrics, type Conversations, personsWords } from '@chatlane/core'
import type { RequestHandler, Response } from 'express'
import type { ConversationAccess } from '../auth/conversation-access.ts'
import { bringsMessage, countMessage } from '../message-count.ts'
import { Problem } from '../problems.ts'
import type { RateLimits } from '../rate-limits.ts'
import { note } from '../request-log.ts'
import { readText } from './sent-text.ts'

/** Seconds after which one of many waiting messages may be answered. */
const PAUSE_WHEN_FULL = 5

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
    const { text, key } = readText(request)
    const acceptance = await conversations.accept(conversation, {
      text: personsWords(text),
      // Apart from the ids that other senders give to messages of the same conversation.
      ...(key !== undefined && { key: `client:${key}` }),
    })
    note(response, { outcome: acceptance.status })
    countMessage(response, metrics, acceptance.status)
    answer(response, conversation.id, acceptance)
  }
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
