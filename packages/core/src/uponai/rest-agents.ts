import type { AgentDialect } from './agent-requests.ts'

/**
 * Agents and the account by UponAI's API reference.
 * @see https://documentation.uponai.com/api-reference/chat-agents/list-chat-agents
 */
export function restAgents(workspaceId: number): AgentDialect {
  const agentPath = (agentId: string) => `/api/chat-agents/${encodeURIComponent(agentId)}`
  const query = (more: Record<string, string | number | undefined> = {}) => {
    const search = new URLSearchParams({ workspaceId: `${workspaceId}` })
    for (const [name, value] of Object.entries(more)) if (value !== undefined) search.set(name, `${value}`)
    return search
  }
  return {
    name: 'rest',
    create: (fields) => ({
      operation: 'agent-create',
      method: 'POST',
      path: '/api/chat-agents',
      body: { workspaceId, ...fields },
    }),
    get: (agentId, version) => ({
      operation: 'agent-get',
      method: 'GET',
      path: `${agentPath(agentId)}?${query({ version })}`,
    }),
    list: ({ limit, page }) => ({
      operation: 'agent-list',
      method: 'GET',
      path: `/api/chat-agents?${query({ limit, paginationKey: page?.key, paginationKeyVersion: page?.version })}`,
    }),
    update: (agentId, version, change) => ({
      operation: 'agent-update',
      method: 'PATCH',
      path: version === undefined ? agentPath(agentId) : `${agentPath(agentId)}?version=${version}`,
      body: { workspaceId, ...change },
    }),
    versions: (agentId) => ({
      operation: 'agent-versions',
      method: 'GET',
      path: `${agentPath(agentId)}/versions?${query()}`,
    }),
    publish: (agentId) => ({
      operation: 'agent-publish',
      method: 'POST',
      path: `${agentPath(agentId)}/publish`,
      body: { workspaceId },
    }),
    concurrency: () => ({ operation: 'concurrency', method: 'GET', path: `/api/concurrency?${query()}` }),
  }
}
