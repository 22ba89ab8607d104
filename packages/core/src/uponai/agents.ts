import { ChatlaneError } from '../errors/chatlane-error.ts'
import type { Agent, AgentPage, AgentVersion, Concurrency } from './agent.ts'
import type { AgentFields } from './agent-fields.ts'
import { type AgentDialect, agentInputs } from './agent-requests.ts'
import { readAgent, readAgentPage, readConcurrency, readVersions } from './read-agent.ts'
import { type Call, type CallOptions, checked, invalid, type WireRequest } from './requests.ts'

/** A longer history is told as far as this. */
const MOST_VERSION_PAGES = 20

/** UponAI's chat agents and account over either dialect. Throws as {@link UponAIClient} does. */
export interface UponAIAgents {
  /** @throws ChatlaneError `UPONAI_AGENT_UNKNOWN` */
  getAgent(agentId: string, options?: CallOptions & { version?: number | undefined }): Promise<Agent>
  /** One page; `limit` 1 to 1000 (100 when not given). In `rest` an agent may be there once for each version. */
  listAgents(
    query?: { limit?: number | undefined; cursor?: string | undefined },
    options?: CallOptions,
  ): Promise<AgentPage>
  /** Not repeatable: a second one makes a second agent. @param fields under UponAI's names, see `agentFields` */
  createAgent(fields: AgentFields, options?: CallOptions): Promise<Agent>
  /**
   * Changes a draft: the newest version unless told otherwise. Gives the agent as it is then: whether `rest` changes more
   * than `agent_name`, `auto_close_message`, `is_public` and `handbook_config` is not documented.
   */
  updateAgent(
    agentId: string,
    change: AgentFields,
    options?: CallOptions & { version?: number | undefined },
  ): Promise<Agent>
  /** The newest first. */
  agentVersions(agentId: string, options?: CallOptions): Promise<AgentVersion[]>
  /**
   * Publishes the draft; in `rpc` a version may be named, by default the newest that is not published. Not repeatable. Gives
   * the agent as it was published.
   */
  publishAgent(agentId: string, options?: CallOptions & { version?: number | undefined }): Promise<Agent>
  /** Begins a new draft like that version. Only `rpc` has it; not repeatable. */
  draftAgent(agentId: string, baseVersion: number, options?: CallOptions): Promise<Agent>
  concurrency(options?: CallOptions): Promise<Concurrency>
}

export function agentMethods(call: Call, dialect: AgentDialect): UponAIAgents {
  const anAgent = 'an agent with its id'

  const getAgent: UponAIAgents['getAgent'] = async (agentId, { version, ...options } = {}) => {
    const id = checked('agent-get', agentInputs.agentId, agentId)
    const number = checked('agent-get', agentInputs.version, version)
    return call(dialect.get(id, number), options, anAgent, readAgent)
  }

  /** A 404 or 422 may be about what was asked for, not about the agent: the agent itself is asked. */
  async function aboutAgent<T>(
    agentId: string,
    request: WireRequest,
    options: CallOptions,
    read: (body: unknown) => T | undefined,
  ): Promise<T> {
    try {
      return await call(request, options, anAgent, read)
    } catch (error) {
      if (!(error instanceof ChatlaneError) || error.code !== 'UPONAI_AGENT_UNKNOWN') throw error
      await getAgent(agentId, options)
      const { status, detail } = error
      const message = `UponAI answered ${status} to ${request.operation}: the agent is there`
      throw new ChatlaneError('UPONAI_REJECTED', message, { status, detail, cause: error })
    }
  }

  const agentVersions: UponAIAgents['agentVersions'] = async (agentId, options = {}) => {
    const id = checked('agent-versions', agentInputs.agentId, agentId)
    const versions = new Map<number, AgentVersion>()
    let next: string | undefined
    for (let page = 0; page < MOST_VERSION_PAGES; page++) {
      const answer = await call(dialect.versions(id, next), options, 'a list of versions', readVersions)
      for (const version of answer.versions) versions.set(version.version, version)
      if (answer.next === undefined || answer.next === next) break
      next = answer.next
    }
    return [...versions.values()].sort((one, other) => other.version - one.version)
  }

  async function newestDraft(agentId: string, options: CallOptions): Promise<number> {
    const draft = (await agentVersions(agentId, options)).find(({ published }) => published === false)
    if (draft) return draft.version
    throw invalid('agent-publish', 'every version of the agent is published: there is no draft')
  }

  return {
    getAgent,
    agentVersions,

    async listAgents(query = {}, options = {}) {
      const { limit = 100, cursor: page } = checked('agent-list', agentInputs.list, query)
      return call(dialect.list({ limit, page }), options, 'a list of agents', readAgentPage)
    },

    async createAgent(fields, options = {}) {
      const request = dialect.create(checked('agent-create', agentInputs.create[dialect.name], fields))
      return call(request, options, anAgent, readAgent)
    },

    async updateAgent(agentId, change, { version, ...options } = {}) {
      const id = checked('agent-update', agentInputs.agentId, agentId)
      const number = checked('agent-update', agentInputs.version, version)
      const fields = checked('agent-update', agentInputs.update[dialect.name], change)
      return aboutAgent(id, dialect.update(id, number, fields), options, readAgent)
    },

    async publishAgent(agentId, { version, ...options } = {}) {
      const id = checked('agent-publish', agentInputs.agentId, agentId)
      const given = checked('agent-publish', agentInputs.version, version)
      if (dialect.name === 'rest') {
        if (given === undefined) return aboutAgent(id, dialect.publish(id, undefined), options, readAgent)
        throw invalid('agent-publish', 'version: the rest dialect publishes the draft, whichever that is')
      }
      const number = given ?? (await newestDraft(id, options))
      await aboutAgent(id, dialect.publish(id, number), options, () => null)
      return getAgent(id, { ...options, version: number })
    },

    async draftAgent(agentId, baseVersion, options = {}) {
      const id = checked('agent-draft', agentInputs.agentId, agentId)
      const base = checked('agent-draft', agentInputs.baseVersion, baseVersion)
      if (!dialect.draft) throw invalid('agent-draft', 'the rest dialect has no such request')
      return aboutAgent(id, dialect.draft(id, base), options, readAgent)
    },

    async concurrency(options = {}) {
      return call(dialect.concurrency(), options, 'how many calls there are and may be', readConcurrency)
    },
  }
}
