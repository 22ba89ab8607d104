import { randomUUID } from 'node:crypto'
import { Refusal } from './refusal.ts'

/** What an agent is made of, under the names that both dialects use. */
export type AgentFields = Record<string, unknown>

export interface AgentVersion {
  /** From 0 on, as in the rpc dialect. */
  readonly number: number
  readonly basedOn: number | undefined
  fields: AgentFields
  /** A published version does not change any more. */
  published: boolean
  modifiedAt: number
}

export interface Agent {
  readonly id: string
  /** The oldest first; never empty. */
  readonly versions: AgentVersion[]
}

const namesAtStart = ['chat_agent_a', 'chat_agent_b', 'chat_agent_c']

/** Looks like an agent, and is none. */
const missingAgent = 'chat_agent_missing'

/**
 * All chat agents. Every id that looks like one is known, as if it had been there before the sandbox; in the list are those
 * that were made or changed, and a few from the start.
 */
export class AgentBook {
  readonly #agents = new Map<string, Agent>()

  constructor() {
    this.clear()
  }

  /** In the order in which they came to be known. */
  get listed(): readonly Agent[] {
    return [...this.#agents.values()]
  }

  /** @throws Refusal `unknown` */
  get(id: string): Agent {
    const agent = this.#agents.get(id)
    if (agent !== undefined) return agent
    if (id === missingAgent || !/^(chat_)?agent_./.test(id)) throw new Refusal('unknown', `Chat agent ${id} not found`)
    return { id, versions: [firstVersion({ agent_name: `Sandbox ${id}` })] }
  }

  create(fields: AgentFields): { agent: Agent; version: AgentVersion } {
    const version = firstVersion(fields)
    const agent = { id: `chat_agent_${randomUUID().replaceAll('-', '')}`, versions: [version] }
    this.#agents.set(agent.id, agent)
    return { agent, version }
  }

  /** @throws Refusal for a published version: `invalid` */
  update(id: string, number: number | undefined, change: AgentFields): { agent: Agent; version: AgentVersion } {
    const { agent, version } = this.#toChange(id, number)
    version.fields = { ...version.fields, ...change }
    version.modifiedAt = Date.now()
    return { agent, version }
  }

  /** @throws Refusal for a version that was published before: `invalid` */
  publish(id: string, number?: number): { agent: Agent; version: AgentVersion } {
    const { agent, version } = this.#toChange(id, number)
    version.published = true
    version.modifiedAt = Date.now()
    return { agent, version }
  }

  /** A new draft like an earlier version. */
  draft(id: string, basedOn: number): { agent: Agent; version: AgentVersion } {
    const agent = this.#kept(id)
    const { fields } = versionOf(agent, basedOn)
    const number = newestOf(agent).number + 1
    const version = { number, basedOn, fields: { ...fields }, published: false, modifiedAt: Date.now() }
    agent.versions.push(version)
    return { agent, version }
  }

  clear(): void {
    this.#agents.clear()
    for (const id of namesAtStart) this.#kept(id)
  }

  #toChange(id: string, number: number | undefined) {
    const agent = this.#kept(id)
    const version = versionOf(agent, number)
    if (version.published) throw new Refusal('invalid', 'this version is published and cannot be changed')
    return { agent, version }
  }

  /** From now on it is listed. */
  #kept(id: string): Agent {
    const agent = this.get(id)
    this.#agents.set(id, agent)
    return agent
  }
}

/**
 * The version of that number, `latest`, `latest_published`, or the newest. The sandbox's agents have no tags.
 * @throws Refusal `unknown`
 */
export function versionOf(agent: Agent, wanted: number | string = 'latest'): AgentVersion {
  const version =
    wanted === 'latest'
      ? newestOf(agent)
      : agent.versions.findLast((one) => (wanted === 'latest_published' ? one.published : one.number === wanted))
  if (version === undefined) throw new Refusal('unknown', `Chat agent ${agent.id} has no such version`)
  return version
}

export function newestOf({ id, versions }: Agent): AgentVersion {
  const newest = versions.at(-1)
  if (newest === undefined) throw new Error(`agent ${id} has no version`)
  return newest
}

function firstVersion(fields: AgentFields): AgentVersion {
  return { number: 0, basedOn: undefined, fields, published: false, modifiedAt: Date.now() }
}
