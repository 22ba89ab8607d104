import { z } from 'zod'
import type { Agent, AgentPage, AgentVersion, Concurrency } from './agent.ts'
import { agentFieldNames } from './agent-fields.ts'
import { cursorOf } from './agent-requests.ts'
import { field, fieldsOf, filled, instant, list, type Raw, unwrap } from './fields.ts'

const number = z.number()
const yesOrNo = z.boolean()
const updateTimes = ['last_modification_timestamp', 'user_modified_timestamp', 'updated_at', 'updatedAt']

/** The agent in an answer, or undefined when there is none that has an id. */
export function readAgent(answer: unknown): Agent | undefined {
  return unwrap(answer, (value) => {
    const raw = fieldsOf(value)
    return raw && agentFrom(raw)
  })
}

/** One page of agents; entries without an id, and agents for calls, are left out. Undefined when there is no list at all. */
export function readAgentPage(answer: unknown): AgentPage | undefined {
  return unwrap(answer, (value) => {
    const page = pageFrom(value)
    if (page === undefined) return undefined
    const agents = page.items.flatMap((item) => (isForCalls(item) ? [] : (readAgent(item) ?? [])))
    return { agents, next: page.key === undefined ? undefined : cursorOf({ key: page.key, version: page.version }) }
  })
}

/** Some versions of an agent, and the key of the next of them. Undefined when there is no list at all. */
export function readVersions(answer: unknown): { versions: AgentVersion[]; next?: string | undefined } | undefined {
  return unwrap(answer, (value) => {
    const page = pageFrom(value)
    return page && { versions: page.items.flatMap((item) => versionFrom(item) ?? []), next: page.key }
  })
}

/** Undefined when the answer says nothing of it. */
export function readConcurrency(answer: unknown): Concurrency | undefined {
  return unwrap(answer, (value) => {
    const raw = fieldsOf(value)
    if (!raw) return undefined
    const limit = field(raw, number, 'maxConcurrent', 'concurrency_limit')
    const current = field(raw, number, 'currentUsage', 'current_concurrency')
    if (limit === undefined && current === undefined) return undefined
    return {
      limit,
      current,
      base: field(raw, number, 'base_concurrency', 'baseConcurrency'),
      purchased: field(raw, number, 'purchasedConcurrency', 'purchased_concurrency'),
      purchaseLimit: field(raw, number, 'concurrencyPurchaseLimit', 'concurrency_purchase_limit'),
      remainingPurchase: field(raw, number, 'remaining_purchase_limit', 'remainingPurchaseLimit'),
      burstEnabled: field(raw, yesOrNo, 'concurrency_burst_enabled', 'concurrencyBurstEnabled'),
      burstLimit: field(raw, number, 'concurrency_burst_limit', 'concurrencyBurstLimit'),
      reservedInbound: field(raw, number, 'reserved_inbound_concurrency', 'reservedInboundConcurrency'),
    }
  })
}

function agentFrom(raw: Raw): Agent | undefined {
  const agentId = field(raw, filled, 'agent_id', 'agentId')
  if (agentId === undefined) return undefined
  const fields = agentFieldNames.flatMap((name) => {
    const value = raw[name] === undefined ? raw[camelCase(name)] : raw[name]
    return value === undefined ? [] : [[name, value]]
  })
  return {
    agentId,
    name: field(raw, filled, 'agent_name', 'agentName'),
    version: field(raw, number, 'version'),
    published: field(raw, yesOrNo, 'is_published', 'isPublished'),
    updatedAt: field(raw, instant, ...updateTimes),
    fields: Object.fromEntries(fields),
  }
}

function versionFrom(item: unknown): AgentVersion | undefined {
  const raw = fieldsOf(item) ?? {}
  const version = field(raw, number, 'version')
  if (version === undefined) return undefined
  return {
    version,
    published: field(raw, yesOrNo, 'is_published', 'isPublished'),
    updatedAt: field(raw, instant, ...updateTimes),
    basedOn: field(raw, number, 'base_version', 'baseVersion'),
    title: field(raw, filled, 'version_title', 'versionTitle'),
  }
}

interface Page {
  items: unknown[]
  key?: string | undefined
  version?: number | undefined
}

function pageFrom(value: unknown): Page | undefined {
  if (Array.isArray(value)) return { items: value }
  const raw = fieldsOf(value)
  const items = raw && field(raw, list, 'data', 'items', 'agents', 'versions')
  if (!raw || items === undefined) return undefined
  if (raw.has_more === false || raw.hasMore === false) return { items }
  return {
    items,
    key: field(raw, filled, 'pagination_key', 'paginationKey'),
    version: field(raw, number, 'pagination_key_version', 'paginationKeyVersion'),
  }
}

const isForCalls = (item: unknown) => fieldsOf(item)?.channel === 'voice'

const camelCase = (name: string) => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
