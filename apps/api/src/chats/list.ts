import { ChatlaneError, type Config, chatView, findChats, type UponAIClient } from '@chatlane/core'
import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { ApiKeys } from '../auth/api-keys.ts'
import { limit } from '../page-limit.ts'
import { invalid, parse } from '../parse.ts'
import { askUponAI } from './uponai-problem.ts'

const time = z.iso
  .datetime({ offset: true, error: 'expected a time such as 2026-11-23T08:00:00Z' })
  .transform((text) => new Date(text))

/** A misspelled filter would give chats that nobody asked for. */
const query = z.strictObject({
  agent_id: z.string().min(1, 'expected an agent id').optional(),
  status: z.enum(['ongoing', 'ended', 'error'], { error: 'expected ongoing, ended or error' }).optional(),
  started_after: time.optional(),
  started_before: time.optional(),
  sort: z.enum(['ascending', 'descending'], { error: 'expected ascending or descending' }).default('descending'),
  cursor: z.string().min(1, 'expected what an earlier answer gave as next').optional(),
  limit: limit(1_000),
})

/** `GET /v1/chats`: UponAI's own records, by their start */
export function listChats(parts: {
  config: Pick<Config, 'uponai'>
  keys: ApiKeys
  uponai: Pick<UponAIClient, 'listChats'>
}): RequestHandler {
  return async (request, response) => {
    parts.keys.require(request)
    const { sort, cursor, limit, ...given } = parse(query, request.query)
    const filter = {
      agentId: given.agent_id,
      status: given.status,
      startedAfter: given.started_after,
      startedBefore: given.started_before,
    }
    const { chats, next } = await askUponAI(
      response,
      async (options) => {
        try {
          return await findChats(parts.uponai, { limit, sortOrder: sort, cursor, filter }, options)
        } catch (error) {
          // All else in the request was checked here.
          const refused = error instanceof ChatlaneError && error.code === 'UPONAI_REJECTED'
          if (refused && cursor !== undefined) throw invalid('cursor', 'expected what an earlier answer gave as next')
          throw error
        }
        // One page of ours may take ten of UponAI's: all of them together get the time of one.
      },
      parts.config.uponai.timeoutMs,
    )
    response.json({ items: chats.map(chatView), next: next ?? null })
  }
}
