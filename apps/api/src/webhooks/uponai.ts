import {
  ChatlaneError,
  type Config,
  type Conversations,
  parseUponAIEvent,
  type UponAIEvent,
  verifyUponAISignature,
} from '@chatlane/core'
import type { RequestHandler } from 'express'
import { Problem } from '../problems.ts'
import { note } from '../request-log.ts'
import { badUponAISignature } from './uponai-body.ts'

interface Parts {
  config: Pick<Config, 'uponai'>
  conversations: Conversations
}

/** `POST /webhooks/uponai`: after the 204 for `chat_ended` no later message goes to that chat. */
export function uponaiWebhook({ config, conversations }: Parts): RequestHandler {
  return async (request, response) => {
    const { webhookHeader, webhookKey } = config.uponai
    const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    if (!verifyUponAISignature({ rawBody, header: request.headers[webhookHeader], key: webhookKey }))
      throw badUponAISignature(webhookHeader)
    const told = read(rawBody)
    const conversation = told.metadata?.conversation_id
    note(response, { event: told.event, chat: told.chatId, conversation })
    note(response, { outcome: await take(conversations, conversation, told) })
    response.status(204).end()
  }
}

/** What became of the event. Those of chats that are not ours, and those that say nothing new, are taken and ignored. */
async function take(
  conversations: Conversations,
  conversation: unknown,
  { event, chat }: UponAIEvent,
): Promise<string> {
  if (typeof conversation !== 'string' || !chat) return 'ignored'
  switch (event) {
    case 'chat_ended':
      return (await conversations.noteChatEnded(conversation, chat.chatId)) ? 'chat_ended' : 'unknown'
    case 'chat_analyzed':
      return conversations.noteChatAnalyzed(conversation, chat)
    default:
      return 'ignored'
  }
}

function read(rawBody: Buffer) {
  try {
    return parseUponAIEvent(rawBody)
  } catch (error) {
    if (error instanceof ChatlaneError) throw new Problem('malformed_body', error.message)
    throw error
  }
}
