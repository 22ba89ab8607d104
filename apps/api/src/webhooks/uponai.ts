import {
  ChatlaneError,
  type Config,
  type Conversations,
  parseUponAIEvent,
  type UponAIClient,
  type UponAIEvent,
  verifyUponAISignature,
} from '@chatlane/core'
import type { RequestHandler, Response } from 'express'
import { Problem } from '../problems.ts'
import { note } from '../request-log.ts'
import { badUponAISignature } from './uponai-body.ts'

interface Parts {
  config: Pick<Config, 'uponai'>
  conversations: Conversations
  uponai: Pick<UponAIClient, 'getChat'>
}

/** UponAI waits ten seconds for the answer. */
const LOOK_WITHIN_MS = 5_000

/** `POST /webhooks/uponai`: after the 204 for `chat_ended` no later message goes to that chat. */
export function uponaiWebhook({ config, conversations, uponai }: Parts): RequestHandler {
  return async (request, response) => {
    const { webhookHeader, webhookKey } = config.uponai
    const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    if (!verifyUponAISignature({ rawBody, header: request.headers[webhookHeader], key: webhookKey }))
      throw badUponAISignature(webhookHeader)
    const told = read(rawBody)
    const conversation = await conversationOf(told, uponai, response)
    note(response, { event: told.event, chat: told.chatId, conversation })
    note(response, { outcome: await take(conversations, conversation, told) })
    response.status(204).end()
  }
}

/**
 * The conversation of the event's chat. An event that comes without the chat's metadata (a reduced storage mode leaves them out)
 * is asked of UponAI. Undefined: it is none of ours, or UponAI cannot be asked now; that a chat is over is then seen with the next message.
 */
async function conversationOf(
  { event, chat }: UponAIEvent,
  uponai: Parts['uponai'],
  response: Response,
): Promise<unknown> {
  if (!chat || chat.metadata !== undefined || !LOOKED_UP.has(event)) return chat?.metadata?.conversation_id
  try {
    return (await uponai.getChat(chat.chatId, { timeoutMs: LOOK_WITHIN_MS })).metadata?.conversation_id
  } catch (error) {
    if (!(error instanceof ChatlaneError)) throw error
    note(response, { lookup: error.code })
    return undefined
  }
}

const LOOKED_UP: ReadonlySet<string> = new Set(['chat_ended', 'chat_analyzed'])

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
