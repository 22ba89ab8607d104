/** A chat agent at UponAI, the same for both dialects. Lists may have little more than its id and name. */
export interface Agent {
  agentId: string
  name?: string | undefined
  version?: number | undefined
  /** Only `rpc` says so. */
  published?: boolean | undefined
  /** Only `rpc` says so. */
  updatedAt?: Date | undefined
  /** The fields of {@link agentFieldNames} that were there, under those names and as UponAI sent them. */
  fields: Record<string, unknown>
}

export interface AgentPage {
  agents: Agent[]
  /** What to ask with for the next page; absent at the end. */
  next?: string | undefined
}

export interface AgentVersion {
  version: number
  /** Only `rpc` says so. */
  published?: boolean | undefined
  updatedAt?: Date | undefined
  /** The version that it was made from (`rpc`). */
  basedOn?: number | undefined
  title?: string | undefined
}

/** How many voice calls a workspace may have at a time, and has. Of chats UponAI states no limit. */
export interface Concurrency {
  limit?: number | undefined
  current?: number | undefined
  base?: number | undefined
  purchased?: number | undefined
  purchaseLimit?: number | undefined
  remainingPurchase?: number | undefined
  burstEnabled?: boolean | undefined
  burstLimit?: number | undefined
  reservedInbound?: number | undefined
}
