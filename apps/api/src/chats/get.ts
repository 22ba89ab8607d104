import { fullChatView, type UponAIClient } from '@chatlane/core'
import type { RequestHandler } from 'express'
import type { ApiKeys } from '../auth/api-keys.ts'
import { askUponAI } from './uponai-problem.ts'

/** `GET /v1/chats/{id}`: UponAI's own record of a chat, with what was said */
export function getChat(parts: { keys: ApiKeys; uponai: Pick<UponAIClient, 'getChat'> }): RequestHandler {
  return async (request, response) => {
    parts.keys.require(request)
    const chat = await askUponAI(response, (options) => parts.uponai.getChat(String(request.params.id), options))
    response.json(fullChatView(chat))
  }
}
