import type { UponaiConfig } from '../config/config.ts'
import { ChatlaneError } from '../errors/chatlane-error.ts'
import type { Logger } from '../logging/logger.ts'
import { createUponAIClient, type UponAIClient } from '../uponai/client.ts'
import type { RoutesHolder } from './holder.ts'
import type { AgentVersionRef, Routes, WeightedAgent } from './routes.ts'

/** Longest wait for UponAI to tell of one agent. */
const PATIENCE_MS = 10_000

export interface AgentCheckOptions {
  config: UponaiConfig
  routes: RoutesHolder
  logger: Logger
}

/**
 * Asks UponAI whether every agent of the routes file exists, in its version, and warns of those that do not: each message to such a route would
 * become a dead letter. Only warns, and holds nothing up. It asks with a client of its own: what fails here is no message, and
 * must not pause the turns.
 */
export class AgentCheck {
  readonly #options: AgentCheckOptions
  #running: AbortController | undefined

  constructor(options: AgentCheckOptions) {
    this.#options = options
  }

  /** Checks the present routes; a check that is not done yet is given up. */
  begin(): void {
    this.stop()
    const running = new AbortController()
    const { signal } = running
    this.#running = running
    this.#check(signal).catch((error: unknown) => {
      if (!signal.aborted) this.#tellUnchecked(error)
    })
  }

  stop(): void {
    this.#running?.abort()
  }

  async #check(signal: AbortSignal): Promise<void> {
    const { config, routes, logger } = this.#options
    const agents = routesOfAgents(routes.current)
    if (agents.size === 0) return
    const timeoutMs = Math.min(config.timeoutMs, PATIENCE_MS)
    const client = createUponAIClient({ ...config, timeoutMs, connections: 1 })
    let missing = 0
    try {
      for (const [agent, { named, versions }] of agents) {
        const why = await refusalOf(client.getAgent(agent, { signal }))
        if (why !== undefined) {
          missing++
          logger.warn({ event: 'agent_missing', agent, routes: named, why }, MISSING)
          continue
        }
        for (const version of versions) {
          const why = await versionProblem(client, agent, version, signal)
          if (why === undefined) continue
          missing++
          logger.warn({ event: 'agent_version_missing', agent, version, routes: named, why }, VERSION_MISSING)
        }
      }
      if (missing === 0)
        logger.info({ event: 'agents_checked', count: agents.size }, 'every agent of the routes exists')
    } finally {
      await client.close()
    }
  }

  #tellUnchecked(error: unknown): void {
    this.#options.logger.warn({ event: 'agents_unchecked', err: error }, UNCHECKED)
  }
}

interface Named {
  /** The places in the routes file that name the agent. */
  named: string[]
  versions: Set<AgentVersionRef>
}

/** Every agent once. */
function routesOfAgents({ sms, web }: Routes): Map<string, Named> {
  const found = new Map<string, Named>()
  const note = ({ agentId, version }: Pick<WeightedAgent, 'agentId' | 'version'>, route: string) => {
    const { named, versions } = found.get(agentId) ?? { named: [], versions: new Set() }
    if (version !== undefined) versions.add(version)
    found.set(agentId, { named: named.includes(route) ? named : [...named, route], versions })
  }
  for (const [index, { inboundAgents, outboundAgents }] of sms.entries()) {
    for (const agent of [...inboundAgents, ...outboundAgents]) note(agent, `sms[${index}]`)
  }
  for (const [index, { agentId, agentVersion: version }] of web.entries())
    note({ agentId, ...(version !== undefined && { version }) }, `web[${index}]`)
  return found
}

/**
 * Why a chat with this version of the agent would be refused; undefined: nothing is known against it. What tags an agent has
 * UponAI does not tell.
 */
async function versionProblem(
  client: UponAIClient,
  agent: string,
  version: AgentVersionRef,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (typeof version === 'number') return refusalOf(client.getAgent(agent, { version, signal }))
  if (version !== 'latest_published') return undefined
  const versions = await client.agentVersions(agent, { signal })
  return versions.some(({ published }) => published !== false) ? undefined : 'no version of it is published'
}

/** What UponAI answers of an agent that it does not have; undefined: it has it. */
async function refusalOf(agent: Promise<unknown>): Promise<string | undefined> {
  try {
    await agent
    return undefined
  } catch (error) {
    if (error instanceof ChatlaneError && error.handling === 'permanent') return error.message
    throw error
  }
}

const MISSING =
  'UponAI has no such agent: messages to these routes become dead letters. Check agent_id, UPONAI_WORKSPACE_ID and UPONAI_DIALECT'

const VERSION_MISSING =
  'UponAI has no such version of this agent: messages to these routes become dead letters. Check agent_version, and whether it is published'

const UNCHECKED = 'UponAI cannot be asked whether the agents of the routes exist'
