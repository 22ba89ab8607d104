import type { AgentDialect } from './agent-requests.ts'

const inPath = encodeURIComponent

/** The list holds agents for calls, too. */
const forChats = { channel: { type: 'string', op: 'eq', value: 'chat' } }

/**
 * Agents and the account as Retell publishes them for the names of UponAI's guide.
 * @see https://docs.retellai.com/api-references/publish-chat-agent
 * @see https://docs.retellai.com/deprecation-notice/2026/09-15_get_agent_versions
 */
export const rpcAgents: AgentDialect = {
  name: 'rpc',
  create: (fields) => ({ operation: 'agent-create', method: 'POST', path: '/create-chat-agent', body: fields }),
  get: (agentId, version) => ({
    operation: 'agent-get',
    method: 'GET',
    path: `/get-chat-agent/${inPath(agentId)}${versionQuery(version)}`,
  }),
  list: ({ limit, page }) => ({
    operation: 'agent-list',
    method: 'POST',
    path: `/v2/list-agents?${pageQuery(limit, page?.key)}`,
    body: { filter_criteria: forChats },
  }),
  update: (agentId, version, change) => ({
    operation: 'agent-update',
    method: 'PATCH',
    path: `/update-chat-agent/${inPath(agentId)}${versionQuery(version)}`,
    body: change,
  }),
  versions: (agentId, paginationKey) => ({
    operation: 'agent-versions',
    method: 'GET',
    path: `/list-agent-versions/${inPath(agentId)}?${pageQuery(1000, paginationKey)}`,
  }),
  publish: (agentId, version) => ({
    operation: 'agent-publish',
    method: 'POST',
    path: `/publish-agent-version/${inPath(agentId)}`,
    body: { version },
  }),
  draft: (agentId, baseVersion) => ({
    operation: 'agent-draft',
    method: 'POST',
    path: `/create-agent-version/${inPath(agentId)}`,
    body: { base_version: baseVersion },
  }),
  concurrency: () => ({ operation: 'concurrency', method: 'GET', path: '/get-concurrency' }),
}

function versionQuery(version: number | undefined): string {
  return version === undefined ? '' : `?version=${version}`
}

function pageQuery(limit: number, paginationKey: string | undefined): URLSearchParams {
  return new URLSearchParams({
    limit: `${limit}`,
    ...(paginationKey !== undefined && { pagination_key: paginationKey }),
  })
}
