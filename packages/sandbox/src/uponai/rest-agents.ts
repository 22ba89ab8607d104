import { Router } from 'express'
import { z } from 'zod'
import { restAgentChange, restAgentFields } from './agent-fields.ts'
import { numberOfRest, restAgent, restNumberOf, restVersion } from './agent-shapes.ts'
import { newestOf, versionOf } from './agents.ts'
import { endpoint } from './endpoint.ts'
import { Refusal } from './refusal.ts'
import { rest } from './rest.ts'
import type { Upstream } from './upstream.ts'

const workspaceId = z.int()
const number = z.coerce.number().pipe(z.int().min(1))
const version = number.transform(numberOfRest).optional()
const inQuery = z.object({ workspaceId: z.coerce.number().pipe(workspaceId) })
const inBody = z.object({ workspaceId })
const params = z.object({ agentId: z.string() })

const createInput = z
  .object({ body: restAgentFields.extend({ workspaceId }) })
  .transform(({ body: { workspaceId, ...fields } }) => ({ workspaceId, fields }))

const getInput = z
  .object({ params, query: inQuery.extend({ version }) })
  .transform(({ params, query }) => ({ ...params, ...query }))

const updateInput = z
  .object({
    params,
    query: z.object({ version }),
    body: restAgentChange.extend({ workspaceId }),
  })
  .transform(({ params, query, body: { workspaceId, ...change } }) => ({ ...params, ...query, workspaceId, change }))

const listInput = z
  .object({
    query: inQuery
      .extend({
        limit: number.pipe(z.int().max(1000)).default(1000),
        paginationKey: z.string().optional(),
        paginationKeyVersion: version,
      })
      .refine(
        ({ paginationKey, paginationKeyVersion }) =>
          (paginationKey === undefined) === (paginationKeyVersion === undefined),
        {
          path: ['paginationKeyVersion'],
          message: 'goes with paginationKey',
        },
      ),
  })
  .transform(({ query }) => query)

const versionsInput = z.object({ params, query: inQuery }).transform(({ params, query }) => ({ ...params, ...query }))

const publishInput = z.object({ params, body: inBody }).transform(({ params, body }) => ({ ...params, ...body }))

const concurrencyInput = z.object({ query: inQuery }).transform(({ query }) => query)

/** Agents and the account, by the paths of UponAI's API reference. */
export function restAgentRouter(upstream: Upstream): Router {
  const { agents } = upstream
  const router = Router()
  router.post(
    '/chat-agents',
    endpoint(upstream, rest, 'agent-create', createInput, async ({ fields }, delay) => {
      const { agent, version } = agents.create(fields)
      await delay()
      return { status: 201, body: restAgent(agent, version), effect: true }
    }),
  )
  router.get(
    '/chat-agents',
    endpoint(upstream, rest, 'agent-list', listInput, async ({ limit, paginationKey, paginationKeyVersion }, delay) => {
      await delay()
      const all = agents.listed
      const last = all.findIndex((one) => one.id === paginationKey && newestOf(one).number === paginationKeyVersion)
      if (paginationKey !== undefined && last < 0) throw new Refusal('invalid', 'paginationKey: not a key of this list')
      const page = all.slice(last + 1, last + 1 + limit)
      const end = page.at(-1)
      const more = end !== undefined && end !== all.at(-1)
      return {
        status: 200,
        body: {
          data: page.map((agent) => restAgent(agent, newestOf(agent))),
          pagination_key: more ? end.id : null,
          pagination_key_version: more ? restNumberOf(newestOf(end).number) : null,
        },
      }
    }),
  )
  router.get(
    '/chat-agents/:agentId',
    endpoint(upstream, rest, 'agent-get', getInput, async ({ agentId, version }, delay) => {
      await delay()
      const agent = agents.get(agentId)
      return { status: 200, body: restAgent(agent, versionOf(agent, version)) }
    }),
  )
  router.patch(
    '/chat-agents/:agentId',
    endpoint(upstream, rest, 'agent-update', updateInput, async (input, delay) => {
      const { agent, version } = agents.update(input.agentId, input.version, input.change)
      await delay()
      return { status: 200, body: restAgent(agent, version), effect: true }
    }),
  )
  router.get(
    '/chat-agents/:agentId/versions',
    endpoint(upstream, rest, 'agent-versions', versionsInput, async ({ agentId }, delay) => {
      await delay()
      const agent = agents.get(agentId)
      return { status: 200, body: agent.versions.map((version) => restVersion(agent, version)) }
    }),
  )
  router.post(
    '/chat-agents/:agentId/publish',
    endpoint(upstream, rest, 'agent-publish', publishInput, async ({ agentId }, delay) => {
      const { agent, version } = agents.publish(agentId)
      // What is published here is "the draft": there is always one to go on with.
      agents.draft(agentId, version.number)
      await delay()
      return { status: 200, body: restAgent(agent, version), effect: true }
    }),
  )
  router.get(
    '/concurrency',
    endpoint(upstream, rest, 'concurrency', concurrencyInput, async (_input, delay) => {
      await delay()
      return {
        status: 200,
        body: { maxConcurrent: 20, currentUsage: 0, purchasedConcurrency: 0, concurrencyPurchaseLimit: 100 },
      }
    }),
  )
  return router
}
