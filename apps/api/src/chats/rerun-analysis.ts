import { type Config, fullChatView, type UponAIClient } from '@chatlane/core'
import type { RequestHandler } from 'express'
import type { ApiKeys } from '../auth/api-keys.ts'
import { Problem } from '../problems.ts'
import { requireRpc } from './only-rpc.ts'
import { askUponAI } from './uponai-problem.ts'

interface Parts {
  config: Pick<Config, 'uponai'>
  keys: ApiKeys
  uponai: Pick<UponAIClient, 'getChat' | 'rerunAnalysis'>
}

/** `POST /v1/chats/{id}/analysis`: has a chat that is over analysed again */
export function rerunAnalysis({ config, keys, uponai }: Parts): RequestHandler {
  return async (request, response) => {
    keys.require(request)
    requireRpc(config.uponai.dialect, 'analyse a chat again')
    const id = String(request.params.id)
    const chat = await askUponAI(response, async (options) => {
      const { over } = await uponai.getChat(id, options)
      if (!over) throw new Problem('conflict', 'expected a chat that is over: this one goes on')
      return uponai.rerunAnalysis(id, options)
    })
    response.json(fullChatView(chat))
  }
}
