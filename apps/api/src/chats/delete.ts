import type { Config, UponAIClient } from '@chatlane/core'
import type { RequestHandler } from 'express'
import type { ApiKeys } from '../auth/api-keys.ts'
import { requireRpc } from './only-rpc.ts'
import { askUponAI } from './uponai-problem.ts'

interface Parts {
  config: Pick<Config, 'uponai'>
  keys: ApiKeys
  uponai: Pick<UponAIClient, 'deleteChat'>
}

/** `DELETE /v1/chats/{id}`: takes UponAI's own record of a chat away, with what was said */
export function deleteChat({ config, keys, uponai }: Parts): RequestHandler {
  return async (request, response) => {
    keys.require(request)
    requireRpc(config.uponai.dialect, 'delete a chat')
    await askUponAI(response, (options) => uponai.deleteChat(String(request.params.id), options))
    response.status(204).end()
  }
}
