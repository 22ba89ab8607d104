import type { agentView, versionView } from '@chatlane/core'
import { cut, list, table, time } from '../output.ts'

/** The list as people read it. */
export function tableOfAgents(items: ReturnType<typeof agentView>[], next: string | undefined): string {
  if (items.length === 0) return next === undefined ? 'no agents' : `no agents here\n\nMore: --cursor ${next}`
  const rows = items.map(({ agent_id, agent_name, version, updated_at }) => [
    agent_id,
    cut(agent_name ?? '', 40),
    shown(version),
    updated_at === null ? '' : time(updated_at),
  ])
  const more = next === undefined ? '' : `\n\nMore: --cursor ${next}`
  return table(['AGENT', 'NAME', 'VERSION', 'CHANGED'], rows) + more
}

/** One agent with all its fields. */
export function describeAgent(agent: ReturnType<typeof agentView>): string {
  const { agent_id, agent_name, version, is_published, updated_at, ...fields } = agent
  return list([
    ['agent', agent_id],
    ['name', agent_name ?? ''],
    ['version', shown(version) + (is_published === null ? '' : is_published ? ', published' : ', a draft')],
    ...(updated_at === null ? [] : [['changed', time(updated_at)] as const]),
    ...Object.entries(fields).map(([name, value]) => [name, shown(value)] as const),
  ])
}

export function tableOfVersions(versions: ReturnType<typeof versionView>[]): string {
  if (versions.length === 0) return 'no versions'
  const rows = versions.map(({ version, is_published, updated_at, base_version, version_title }) => [
    String(version),
    is_published === null ? '' : is_published ? 'yes' : 'no',
    updated_at === null ? '' : time(updated_at),
    shown(base_version),
    version_title ?? '',
  ])
  return table(['VERSION', 'PUBLISHED', 'CHANGED', 'MADE FROM', 'TITLE'], rows)
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}
