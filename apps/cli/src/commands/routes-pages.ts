import type { EffectiveRoute, ListedAgent, SettingValue } from '@chatlane/core'
import { list, table } from '../output.ts'

/** A route, and who would answer the person that was asked for. */
export interface Chosen extends EffectiveRoute {
  agents?: { inbound: string; outbound: string }
}

/** Every route with all its settings. */
export function pageOfRoutes(routes: readonly Chosen[]): string {
  return routes.map(pageOfRoute).join('\n\n')
}

/** Who would answer someone, route by route. */
export function pageOfAgents(routes: readonly Chosen[]): string {
  const rows = routes.map(({ place, route, agents }) => [
    place,
    nameOf(route),
    agents?.inbound ?? '',
    agents?.outbound ?? '',
  ])
  return table(['ROUTE', 'ADDRESS', 'WHEN THEY WRITE', 'WHEN WE WRITE'], rows)
}

function pageOfRoute({ place, route, settings, agents }: Chosen): string {
  const rows = settings.map(({ key, value, from }) => [key, readable(value), from])
  const meets = list([
    ['when they write', agents?.inbound ?? ''],
    ['when we write', agents?.outbound ?? ''],
  ])
  return [`${place}  ${nameOf(route)}`, ...(agents ? [meets] : []), table(['KEY', 'VALUE', 'FROM'], rows)].join('\n')
}

function nameOf(route: EffectiveRoute['route']): string {
  if ('publicKey' in route) return route.publicKey
  return [route.sender, route.messagingServiceSid].filter((part) => part !== undefined).join(' in ')
}

function readable(value: SettingValue | undefined): string {
  if (value === undefined) return 'none'
  if (typeof value !== 'object') return String(value)
  if (isAgents(value))
    return value.map((agent) => `${agent.agent_id}${versionOf(agent)}${shareOf(agent, value)}`).join(', ')
  if (Array.isArray(value)) return value.join(', ')
  return Object.entries(value)
    .map(([name, text]) => `${name}: ${text}`)
    .join(', ')
}

function isAgents(value: object): value is readonly ListedAgent[] {
  return Array.isArray(value) && typeof value[0] === 'object'
}

const versionOf = ({ agent_version: version }: ListedAgent) => (version === undefined ? '' : ` (version ${version})`)

/** How many of those who come new get this agent. */
function shareOf({ weight }: ListedAgent, all: readonly ListedAgent[]): string {
  if (all.length === 1) return ''
  const sum = all.reduce((total, agent) => total + agent.weight, 0)
  return ` ${Math.round((1_000 * weight) / sum) / 10} %`
}
