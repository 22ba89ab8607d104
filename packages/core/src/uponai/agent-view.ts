import type { Agent, AgentVersion, Concurrency } from './agent.ts'

/** An agent as people and programs get to see it, the same over both dialects; null: the dialect does not tell. */
export function agentView({ agentId, name, version, published, updatedAt, fields }: Agent) {
  const { agent_name: _, ...further } = fields
  return {
    agent_id: agentId,
    agent_name: name ?? null,
    version: version ?? null,
    is_published: published ?? null,
    updated_at: updatedAt?.toISOString() ?? null,
    ...further,
  }
}

export function versionView({ version, published, updatedAt, basedOn, title }: AgentVersion) {
  return {
    version,
    is_published: published ?? null,
    updated_at: updatedAt?.toISOString() ?? null,
    base_version: basedOn ?? null,
    version_title: title ?? null,
  }
}

export function concurrencyView(concurrency: Concurrency) {
  return {
    limit: concurrency.limit ?? null,
    current: concurrency.current ?? null,
    base: concurrency.base ?? null,
    purchased: concurrency.purchased ?? null,
    purchase_limit: concurrency.purchaseLimit ?? null,
    remaining_purchase: concurrency.remainingPurchase ?? null,
    burst_enabled: concurrency.burstEnabled ?? null,
    burst_limit: concurrency.burstLimit ?? null,
    reserved_inbound: concurrency.reservedInbound ?? null,
  }
}
