import { Router } from 'express'
import { z } from 'zod'
import { restChat, restMessage } from './chat-shapes.ts'
import { type Dialect, endpoint } from './endpoint.ts'
import { complete, createChat, endChat, getChat, listChats, updateChat } from './operations.ts'
import type { Upstream } from './upstream.ts'

export const rest: Dialect = {
  name: 'rest',
  statusOf: { invalid: 400, credentials: 401, forbidden: 403, unknown: 404, ended: 400 },
  errorBody: (message) => ({ message }),
}

const workspaceId = z.int()
const inQuery = z.object({ workspaceId: z.coerce.number().pipe(workspaceId) })
const object = z.record(z.string(), z.unknown())
const variables = z.record(z.string(), z.string())
const chatParams = z.object({ chatId: z.string() })

const createInput = z
  .object({
    body: z.object({
      workspaceId,
      agent_id: z.string().min(1),
      metadata: object.optional(),
      uponai_dynamic_variables: variables.optional(),
      retell_llm_dynamic_variables: variables.optional(),
    }),
  })
  .transform(({ body }) => ({
    workspaceId: body.workspaceId,
    agentId: body.agent_id,
    metadata: body.metadata,
    dynamicVariables: body.uponai_dynamic_variables ?? body.retell_llm_dynamic_variables,
  }))

const completionInput = z
  .object({ params: chatParams, body: z.object({ workspaceId, content: z.string().min(1) }) })
  .transform(({ params, body }) => ({ ...params, workspaceId: body.workspaceId, content: body.content }))

const getInput = z
  .object({ params: chatParams, query: inQuery })
  .transform(({ params, query }) => ({ ...params, ...query }))

const pageQuery = inQuery.extend({
  sortOrder: z.enum(['ascending', 'descending']).default('descending'),
  limit: z.coerce.number().pipe(z.int().min(1).max(1000)).default(1000),
  paginationKey: z.string().optional(),
})

const listInput = z.object({ query: pageQuery }).transform(({ query: { sortOrder, ...query } }) => {
  return { ...query, ascending: sortOrder === 'ascending' }
})

const updateInput = z
  .object({
    params: chatParams,
    body: z.object({
      workspaceId,
      metadata: object.optional(),
      custom_attributes: object.optional(),
      override_dynamic_variables: variables.optional(),
    }),
  })
  .transform(({ params, body }) => ({
    ...params,
    workspaceId: body.workspaceId,
    metadata: body.metadata,
    customAttributes: body.custom_attributes,
    overrideDynamicVariables: body.override_dynamic_variables,
  }))

const endInput = z
  .object({ params: chatParams, body: z.object({ workspaceId }) })
  .transform(({ params, body }) => ({ ...params, ...body }))

/** Chats, by the paths of UponAI's API reference. */
export function restRouter(upstream: Upstream): Router {
  const { settings } = upstream
  const router = Router()
  router.post(
    '/chats',
    endpoint(upstream, rest, 'create', createInput, async (input, delay) => {
      const chat = await createChat(upstream, 'rest', input, delay)
      return { status: 201, body: restChat(chat, settings), effect: true, chatId: chat.id }
    }),
  )
  router.post(
    '/chats/:chatId/completions',
    endpoint(upstream, rest, 'completion', completionInput, async (input, delay) => {
      const messages = await complete(upstream, input, delay)
      return { status: 201, body: { messages: messages.map((item) => restMessage(item, settings)) }, effect: true }
    }),
  )
  router.get(
    '/chats/:chatId',
    endpoint(upstream, rest, 'get', getInput, async ({ chatId }, delay) => {
      return { status: 200, body: restChat(await getChat(upstream, chatId, delay), settings) }
    }),
  )
  router.get(
    '/chats',
    endpoint(upstream, rest, 'list', listInput, async (input, delay) => {
      const { chats, next } = await listChats(upstream, input, delay)
      return { status: 200, body: { data: chats.map((chat) => restChat(chat, settings)), pagination_key: next } }
    }),
  )
  router.patch(
    '/chats/:chatId',
    endpoint(upstream, rest, 'update', updateInput, async (input, delay) => {
      return { status: 200, body: restChat(await updateChat(upstream, input, delay), settings), effect: true }
    }),
  )
  router.post(
    '/chats/:chatId/end',
    endpoint(upstream, rest, 'end', endInput, async ({ chatId }, delay) => {
      return { status: 204, effect: await endChat(upstream, chatId, delay) }
    }),
  )
  return router
}
