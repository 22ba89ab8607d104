import {
  type Acceptance,
  type ApiMetrics,
  type Conversations,
  personsWords,
  type RoutesHolder,
  webLimitsOf,
} from '@chatlane/core'
import type { RequestHandler, Response } from 'express'
import type { ConversationAccess } from '../auth/conversation-access.ts'
import type { RateLimits } from '../limits/rate-limits.ts'
import { bringsMessage, countMessage } from '../message-count.ts'
import { Problem } from '../problems.ts'
import { note } from '../request-log.ts'
import { readText } from './sent-text.ts'

/** Seconds after which one of many waiting messages may be answered. */
const PAUSE_WHEN_FULL = 5

interface Parts {
  access: ConversationAccess
  conversations: Conversations
  limits: RateLimits
  routes: RoutesHolder
  metrics: ApiMetrics
}

/** `POST /v1/conversations/{id}/messages` */
export function postMessage({ access, conversations, limits, metrics, routes }: Parts): RequestHandler {
  return async (request, response) => {
    const { caller, visitor, conversation } = await access.open(request, response)
    bringsMessage(response, conversation.channel)
    await limits.message(visitor, webLimitsOf(routes.current, conversation))
    const { text, key } = readText(request)
    const acceptance = await conversations.accept(conversation, {
      text: personsWords(text),
      // A key belongs to who sent it: that of a visitor says nothing of one of the business, or of another channel.
      ...(key !== undefined && { key: `${caller === 'server' ? 'client' : 'visitor'}:${key}` }),
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
