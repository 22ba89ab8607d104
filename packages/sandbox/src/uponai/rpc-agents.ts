import { Router } from 'express'
import { z } from 'zod'
import { rpcAgentChange, rpcAgentFields } from './agent-fields.ts'
import { rpcAgent, rpcListedAgent, rpcVersion } from './agent-shapes.ts'
import { versionOf } from './agents.ts'
import { endpoint } from './endpoint.ts'
import { Refusal } from './refusal.ts'
import { rpc } from './rpc.ts'
import type { Upstream } from './upstream.ts'

const number = z.coerce.number().pipe(z.int().min(0))
const params = z.object({ agent_id: z.string() }).transform(({ agent_id }) => ({ agentId: agent_id }))
const versionInQuery = z.object({ version: number.optional() })
const page = z.object({
  limit: number.pipe(z.int().min(1).max(1000)).default(50),
  pagination_key: z.string().optional(),
  sort_order: z.enum(['ascending', 'descending']).optional(),
})

const createInput = z.object({ body: rpcAgentFields }).transform(({ body }) => ({ fields: body }))

const getInput = z.object({ params, query: versionInQuery }).transform(({ params, query }) => ({ ...params, ...query }))

const updateInput = z
  .object({ params, query: versionInQuery, body: rpcAgentChange })
  .transform(({ params, query, body }) => ({ ...params, ...query, change: body }))

const listInput = z
  .object({
    query: page,
    body: z.object({
      filter_criteria: z
        .strictObject({
          channel: z.strictObject({ type: z.literal('string'), op: z.literal('eq'), value: z.enum(['voice', 'chat']) }),
        })
        .partial()
        .optional(),
    }),
  })
  .transform(({ query, body }) => ({ ...query, channel: body.filter_criteria?.channel?.value }))

const versionsInput = z.object({ params, query: page }).transform(({ params, query }) => ({ ...params, ...query }))

const publishInput = z
  .object({ params, body: z.object({ version: z.int().min(0), version_title: z.string().optional() }) })
  .transform(({ params, body }) => ({ ...params, version: body.version }))

const draftInput = z
  .object({ params, body: z.object({ base_version: z.int().min(0) }) })
  .transform(({ params, body }) => ({ ...params, baseVersion: body.base_version }))

const nothing = z.object({}).transform(() => ({}))

/** Agents and the account, by the names of the guide. */
export function rpcAgentRouter(upstream: Upstream): Router {
  const { agents } = upstream
  const router = Router()
  router.post(
    '/create-chat-agent',
    endpoint(upstream, rpc, 'agent-create', createInput, async ({ fields }, delay) => {
      const { agent, version } = agents.create(fields)
      await delay()
      return { status: 201, body: rpcAgent(agent, version), effect: true }
    }),
  )
  router.post(
    '/v2/list-agents',
    endpoint(upstream, rpc, 'agent-list', listInput, async ({ limit, pagination_key, channel }, delay) => {
      await delay()
      const all = channel === 'voice' ? [] : agents.listed
      const { items, ...more } = pageOf(all, (agent) => agent.id, limit, pagination_key)
      return { status: 200, body: { items: items.map(rpcListedAgent), ...more } }
    }),
  )
  router.get(
    '/get-chat-agent/:agent_id',
    endpoint(upstream, rpc, 'agent-get', getInput, async ({ agentId, version }, delay) => {
      await delay()
      const agent = agents.get(agentId)
      return { status: 200, body: rpcAgent(agent, versionOf(agent, version)) }
    }),
  )
  router.patch(
    '/update-chat-agent/:agent_id',
    endpoint(upstream, rpc, 'agent-update', updateInput, async (input, delay) => {
      const { agent, version } = agents.update(input.agentId, input.version, input.change)
      await delay()
      return { status: 200, body: rpcAgent(agent, version), effect: true }
    }),
  )
  router.get(
    '/list-agent-versions/:agent_id',
    endpoint(upstream, rpc, 'agent-versions', versionsInput, async (input, delay) => {
      await delay()
      const { versions } = agents.get(input.agentId)
      const all = input.sort_order === 'ascending' ? versions : versions.toReversed()
      const { items, ...more } = pageOf(all, (version) => String(version.number), input.limit, input.pagination_key)
      return { status: 200, body: { items: items.map(rpcVersion), ...more } }
    }),
  )
  router.post(
    '/publish-agent-version/:agent_id',
    endpoint(upstream, rpc, 'agent-publish', publishInput, async ({ agentId, version }, delay) => {
      agents.publish(agentId, version)
      await delay()
      return { status: 200, effect: true }
    }),
  )
  router.post(
    '/create-agent-version/:agent_id',
    endpoint(upstream, rpc, 'agent-draft', draftInput, async ({ agentId, baseVersion }, delay) => {
      const { agent, version } = agents.draft(agentId, baseVersion)
      await delay()
      return { status: 201, body: rpcAgent(agent, version), effect: true }
    }),
  )
  router.get(
    '/get-concurrency',
    endpoint(upstream, rpc, 'concurrency', nothing, async (_input, delay) => {
      await delay()
      return {
        status: 200,
        body: {
          current_concurrency: 0,
          concurrency_limit: 20,
          base_concurrency: 20,
          purchased_concurrency: 0,
          concurrency_purchase_limit: 100,
          remaining_purchase_limit: 100,
          concurrency_burst_enabled: false,
          concurrency_burst_limit: 0,
          reserved_inbound_concurrency: 0,
        },
      }
    }),
  )
  return router
}

/** The key of a page is that of the last item before it. @throws Refusal for any other: `invalid` */
function pageOf<T>(all: readonly T[], keyOf: (item: T) => string, limit: number, after: string | undefined) {
  const last = after === undefined ? -1 : all.findIndex((item) => keyOf(item) === after)
  if (after !== undefined && last < 0) throw new Refusal('invalid', 'pagination_key: not a key of this list')
  const items = all.slice(last + 1, last + 1 + limit)
  const end = items.at(-1)
  const more = end !== undefined && end !== all.at(-1)
  return { items, has_more: more, ...(more && { pagination_key: keyOf(end) }) }
}
