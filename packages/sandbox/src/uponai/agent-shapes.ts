import { type Agent, type AgentVersion, newestOf } from './agents.ts'

const defaults = {
  end_chat_after_silence_ms: 3_600_000,
  auto_close_message: null,
  webhook_url: null,
  webhook_events: ['chat_started', 'chat_ended', 'chat_analyzed'],
}

const noEngine = { llm_id: 'llm_sandbox' }

/** The first version is 0 in the rpc dialect, and 1 in the rest dialect. */
export const restNumberOf = (number: number) => number + 1
export const numberOfRest = (version: number) => version - 1

/** The same engine has another name in each dialect. */
function engineOf({ fields }: AgentVersion, name: 'uponai-llm' | 'retell-llm') {
  const engine = { ...noEngine, type: name, ...Object(fields.response_engine) }
  return { ...engine, type: ['uponai-llm', 'retell-llm'].includes(engine.type) ? name : engine.type }
}

export function restAgent({ id }: Agent, version: AgentVersion) {
  return {
    agent_id: id,
    version: restNumberOf(version.number),
    ...defaults,
    ...version.fields,
    response_engine: engineOf(version, 'uponai-llm'),
  }
}

export function restVersion({ id }: Agent, { number, modifiedAt }: AgentVersion) {
  return { agent_id: id, version: restNumberOf(number), updated_at: new Date(modifiedAt).toISOString() }
}

export function rpcAgent({ id }: Agent, version: AgentVersion) {
  return {
    agent_id: id,
    version: version.number,
    is_published: version.published,
    last_modification_timestamp: version.modifiedAt,
    base_version: version.basedOn ?? null,
    ...defaults,
    ...version.fields,
    response_engine: engineOf(version, 'retell-llm'),
  }
}

export function rpcVersion({ number, basedOn, published, modifiedAt, fields }: AgentVersion) {
  return {
    version: number,
    is_published: published,
    last_modification_timestamp: modifiedAt,
    base_version: basedOn,
    version_title: fields.version_title,
  }
}

/** Lists have little of each agent. */
export function rpcListedAgent(agent: Agent) {
  const { fields, modifiedAt } = newestOf(agent)
  return {
    agent_id: agent.id,
    agent_name: fields.agent_name ?? agent.id,
    channel: 'chat',
    tags: {},
    user_modified_timestamp: modifiedAt,
  }
}
