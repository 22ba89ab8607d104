import { Router } from 'express'
import { z } from 'zod'
import { rpcChat, rpcMessage } from './chat-shapes.ts'
import { type Dialect, endpoint } from './endpoint.ts'
import { acceptedBy, filterCriteriaSchema } from './list-filter.ts'
import {
  complete,
  createChat,
  deleteChat,
  endChat,
  getChat,
  listChats,
  rerunAnalysis,
  updateChat,
} from './operations.ts'
import type { Upstream } from './upstream.ts'

export const rpc: Dialect = {
  name: 'rpc',
  statusOf: { invalid: 400, credentials: 401, forbidden: 403, unknown: 422, ended: 422 },
  errorBody: (message) => ({ status: 'error', message }),
}

const metadata = z
  .record(z.string(), z.unknown())
  .refine((value) => Buffer.byteLength(JSON.stringify(value)) <= 50_000, 'must be at most 50 kB')
  .optional()
const variables = z.record(z.string(), z.string())

const createInput = z
  .object({
    body: z.object({
      agent_id: z.string().min(1),
      agent_version: z.union([z.int().min(0), z.string().max(20)]).optional(),
      metadata,
      retell_llm_dynamic_variables: variables.optional(),
      uponai_dynamic_variables: variables.optional(),
    }),
  })
  .transform(({ body }) => ({
    agentId: body.agent_id,
    agentVersion: body.agent_version,
    metadata: body.metadata,
    dynamicVariables: body.retell_llm_dynamic_variables ?? body.uponai_dynamic_variables,
  }))

const e164 = z.string().regex(/^\+[1-9]\d{6,14}$/, 'expected a number in E.164 form')

/** Without an override UponAI takes the agent of the number; the sandbox knows no numbers and takes this one. */
const NUMBERS_AGENT = 'chat_agent_of_number'

const smsInput = z
  .object({
    body: z.object({
      from_number: e164,
      to_number: e164,
      override_agent_id: z.string().min(1).optional(),
      metadata,
      retell_llm_dynamic_variables: variables.optional(),
    }),
  })
  .transform(({ body }) => ({
    agentId: body.override_agent_id ?? NUMBERS_AGENT,
    metadata: body.metadata,
    dynamicVariables: body.retell_llm_dynamic_variables,
  }))

const completionInput = z
  .object({ body: z.object({ chat_id: z.string().min(1), content: z.string().min(1) }) })
  .transform(({ body }) => ({ chatId: body.chat_id, content: body.content }))

const chatInput = z
  .object({ params: z.object({ chat_id: z.string() }) })
  .transform(({ params }) => ({ chatId: params.chat_id }))

const listInput = z
  .object({
    body: z
      .object({
        filter_criteria: filterCriteriaSchema.optional(),
        sort_order: z.enum(['ascending', 'descending']).default('descending'),
        limit: z.int().min(1).max(1000).default(50),
        skip: z.int().min(0).optional(),
        pagination_key: z.string().optional(),
        include_total: z.boolean().default(false),
      })
      .refine(({ skip, pagination_key }) => !skip || pagination_key === undefined, {
        path: ['skip'],
        message: 'cannot be combined with pagination_key',
      }),
  })
  .transform(({ body }) => ({
    ascending: body.sort_order === 'ascending',
    limit: body.limit,
    skip: body.skip,
    paginationKey: body.pagination_key,
    includeTotal: body.include_total,
    accepts: body.filter_criteria === undefined ? undefined : acceptedBy(body.filter_criteria),
  }))

const updateInput = z
  .object({
    params: z.object({ chat_id: z.string() }),
    body: z.strictObject({
      metadata,
      data_storage_setting: z.enum(['everything', 'basic_attributes_only']).optional(),
      override_dynamic_variables: variables.nullable().optional(),
      custom_attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    }),
  })
  .transform(({ params, body }) => ({
    chatId: params.chat_id,
    metadata: body.metadata,
    customAttributes: body.custom_attributes,
    overrideDynamicVariables: body.override_dynamic_variables,
  }))

/** Chats, by the names of UponAI's guide, with the wire details that Retell publishes for them. */
export function rpcRouter(upstream: Upstream): Router {
  const { settings } = upstream
  const router = Router()
  router.post(
    '/create-chat',
    endpoint(upstream, rpc, 'create', createInput, async (input, delay) => {
      const chat = await createChat(upstream, 'rpc', input, delay)
      return { status: 201, body: rpcChat(chat, settings), effect: true, chatId: chat.id }
    }),
  )
  router.post(
    '/create-chat-completion',
    endpoint(upstream, rpc, 'completion', completionInput, async (input, delay) => {
      const messages = await complete(upstream, input, delay)
      return { status: 201, body: { messages: messages.map((item) => rpcMessage(item, settings)) }, effect: true }
    }),
  )
  router.get(
    '/get-chat/:chat_id',
    endpoint(upstream, rpc, 'get', chatInput, async ({ chatId }, delay) => {
      return { status: 200, body: rpcChat(await getChat(upstream, chatId, delay), settings) }
    }),
  )
  router.post(
    '/v3/list-chats',
    endpoint(upstream, rpc, 'list', listInput, async (input, delay) => {
      const { chats, next, total } = await listChats(upstream, input, delay)
      const items = chats.map((chat) => rpcChat(chat, settings, true))
      return { status: 200, body: { items, has_more: next !== null, pagination_key: next ?? undefined, total } }
    }),
  )
  router.patch(
    '/update-chat/:chat_id',
    endpoint(upstream, rpc, 'update', updateInput, async (input, delay) => {
      return { status: 200, body: rpcChat(await updateChat(upstream, input, delay), settings), effect: true }
    }),
  )
  router.patch(
    '/end-chat/:chat_id',
    endpoint(upstream, rpc, 'end', chatInput, async ({ chatId }, delay) => {
      return { status: 204, effect: await endChat(upstream, chatId, delay) }
    }),
  )
  router.delete(
    '/delete-chat/:chat_id',
    endpoint(upstream, rpc, 'delete', chatInput, async ({ chatId }, delay) => {
      await deleteChat(upstream, chatId, delay)
      return { status: 204, effect: true }
    }),
  )
  router.put(
    '/rerun-chat-analysis/:chat_id',
    endpoint(upstream, rpc, 'rerun-analysis', chatInput, async ({ chatId }, delay) => {
      return { status: 200, body: rpcChat(await rerunAnalysis(upstream, chatId, delay), settings), effect: true }
    }),
  )
  router.post(
    '/create-sms-chat',
    endpoint(upstream, rpc, 'sms-create', smsInput, async (input, delay) => {
      const chat = await createChat(upstream, 'rpc', { ...input, type: 'sms_chat' }, delay)
      return { status: 200, body: rpcChat(chat, settings), effect: true, chatId: chat.id }
    }),
  )
  return router
}
