import type { PauseView } from '@chatlane/core'
import type { RequestHandler } from 'express'
import type { ApiKeys } from '../auth/api-keys.ts'

export type PausesOf = () => Promise<{ items: PauseView[] }>

/** `GET /v1/pauses`: what sends nothing for now, and why */
export function listPauses(parts: { keys: ApiKeys; pauses: PausesOf }): RequestHandler {
  return async (request, response) => {
    parts.keys.require(request)
    response.json(await parts.pauses())
  }
}
