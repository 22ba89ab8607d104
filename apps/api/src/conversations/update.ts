import {
  ChatlaneError,
  type Config,
  type Conversation,
  type ConversationPatch,
  type Conversations,
  isReservedVariable,
  type UponAIClient,
  updateLiveChat,
} from '@chatlane/core'
import type { RequestHandler, Response } from 'express'
import { z } from 'zod'
import type { ApiKeys } from '../auth/api-keys.ts'
import type { ConversationAccess } from '../auth/conversation-access.ts'
import { askUponAI } from '../chats/uponai-problem.ts'
import { parse } from '../parse.ts'
import { Problem } from '../problems.ts'
import { note } from '../request-log.ts'
import { conversationView } from './view.ts'

const variables = z.record(z.string(), z.string().nullable()).superRefine((given, context) => {
  for (const name of Object.keys(given).filter(isReservedVariable)) {
    context.addIssue({ code: 'custom', path: [name], message: 'expected a name that Chatlane does not set itself' })
  }
})

const body = z
  .strictObject({
    metadata: z.record(z.string(), z.unknown()).optional(),
    dynamic_variables: variables.optional(),
  })
  .refine(
    ({ metadata, dynamic_variables }) => metadata !== undefined || dynamic_variables !== undefined,
    'expected metadata, dynamic_variables or both',
  )

interface Parts {
  config: Pick<Config, 'uponai'>
  keys: ApiKeys
  access: ConversationAccess
  conversations: Conversations
  uponai: Pick<UponAIClient, 'updateChat'>
}

/** `PATCH /v1/conversations/{id}`: what its next chat begins with, and its open chat has from now on */
export function updateConversation(parts: Parts): RequestHandler {
  const { keys, access, conversations } = parts
  return async (request, response) => {
    keys.require(request)
    const { conversation } = await access.open(request, response)
    const input = parse(body, request.body ?? {})
    const patch = { metadata: input.metadata, dynamicVariables: input.dynamic_variables }
    const updated = await conversations.update(conversation, patch)
    if (updated.status === 'unknown') throw new Problem('not_found', 'there is no conversation with this id')
    if (updated.status === 'too_large') {
      const { field, most } = updated
      throw new Problem('too_large', `${field}: expected at most ${most} bytes with what is there already`)
    }
    const chatId = await updateChat(parts, response, updated.conversation, patch)
    note(response, { outcome: 'updated' })
    const view = await conversationView(conversations, updated.conversation, 'server')
    response.json({ ...view, updated_chat_id: chatId ?? null })
  }
}

/**
 * @returns the open chat's id; undefined: none is open
 * @throws Problem saying that the change is stored, and why the open chat may not have it
 */
async function updateChat(
  { config, conversations, uponai }: Parts,
  response: Response,
  conversation: Conversation,
  patch: ConversationPatch,
): Promise<string | undefined> {
  try {
    const live = await askUponAI(
      response,
      async (options) => {
        try {
          return await updateLiveChat({ uponai, conversations }, conversation, patch, options)
        } catch (error) {
          // It is about the chat, and not about what the request named.
          const gone = error instanceof ChatlaneError && error.code === 'UPONAI_CHAT_GONE'
          throw gone ? new Problem('bad_gateway', error.message) : error
        }
      },
      config.uponai.timeoutMs,
    )
    if (live.status !== 'unsettled') return live.status === 'updated' ? live.chatId : undefined
    throw new Problem('unavailable', 'a chat is being opened, or changed by another request', { retryAfter: 1 })
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const { code, message, retryAfter } = error
    const detail = `stored for the next chat, but the open one may not have it: ${message}`
    throw new Problem(code, detail, retryAfter === undefined ? {} : { retryAfter })
  }
}
