import { spellingsOf } from '../identity/identity.ts'
import { CHAT_VARIABLES } from './reserved-variables.ts'
import type { Entries, SmsEntry, WebEntry } from './schema.ts'

export type Path = readonly PropertyKey[]

export interface Finding {
  path: Path
  /** What was expected. */
  message: string
}

/**
 * What is wrong between keys or entries, each of which is right. Entries that are not are left out.
 * @param dialect UponAI's, where it is known
 */
export function findConflicts({ sms, web }: Entries, dialect?: 'rest' | 'rpc'): Finding[] {
  const found: Finding[] = []
  const seen = new Map<string, string>()
  const once = (path: Path, value: string | undefined) => {
    if (value === undefined) return
    const id = `${String(path.at(-1))} ${value}`
    const first = seen.get(id)
    if (first) found.push({ path, message: `expected every ${String(path.at(-1))} once; the same is at ${first}` })
    else seen.set(id, keyOf(path))
  }
  for (const [index, entry] of sms.entries()) {
    if (!entry) continue
    const path = ['sms', index]
    if (!entry.sender && !entry.messaging_service_sid)
      found.push({ path, message: 'expected sender or messaging_service_sid' })
    if (!entry.inbound_agents && !entry.outbound_agents)
      found.push({ path, message: 'expected inbound_agents or outbound_agents' })
    found.push(
      ...aboutWaiting(path, entry),
      ...aboutMedia([...path, 'media'], entry.media),
      ...aboutTemplate(path, entry),
      ...aboutVariables(path, entry.chat_variables),
      ...aboutVersions(path, entry, dialect),
    )
    if (entry.sender) once([...path, 'sender'], spellingsOf(entry.sender)[0])
    // Several senders may belong to one service; only the entry for the service as a whole has to be the only one.
    else once([...path, 'messaging_service_sid'], entry.messaging_service_sid)
  }
  for (const [index, entry] of web.entries()) {
    if (!entry) continue
    const path = ['web', index]
    found.push(...aboutWaiting(path, entry), ...aboutVariables(path, entry.chat_variables, entry.variables))
    if (entry.agent_version !== undefined && dialect === 'rest')
      found.push({ path: [...path, 'agent_version'], message: NOT_IN_REST })
    once([...path, 'public_key'], entry.public_key)
  }
  return found
}

/** `['sms', 0, 'sender']` as `sms[0].sender`. */
export const keyOf = (path: Path): string =>
  path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '')

function aboutWaiting(path: Path, entry: SmsEntry | WebEntry): Finding[] {
  const { coalesce_window_ms: window, coalesce_max_wait_ms: most } = entry
  const key = [...path, 'coalesce_max_wait_ms']
  if (most === undefined) return []
  if (window === undefined) return [{ path: key, message: 'expected only with coalesce_window_ms' }]
  return most < window ? [{ path: key, message: `expected at least coalesce_window_ms, ${window}` }] : []
}

/** A key that does nothing beside the others is more likely a mistake than meant. */
function aboutMedia(path: Path, { policy, text }: NonNullable<SmsEntry['media']> = {}): Finding[] {
  if (text === undefined || policy === 'reply') return []
  return [{ path: [...path, 'text'], message: 'expected only with policy: reply' }]
}

const NOT_IN_REST = 'expected none: with UPONAI_DIALECT=rest a version cannot be named, only with rpc'

/** An agent of both lists is one to the people whom it has. */
function aboutVersions(path: Path, entry: SmsEntry, dialect: 'rest' | 'rpc' | undefined): Finding[] {
  const { inbound_agents: inbound = [], outbound_agents: outbound = [] } = entry
  const versions = new Map(inbound.map((agent) => [agent.agent_id, agent.agent_version]))
  const lists = { inbound_agents: inbound, outbound_agents: outbound }
  return Object.entries(lists).flatMap(([list, agents]) =>
    agents.flatMap(({ agent_id: id, agent_version: version }, index): Finding[] => {
      const at = [...path, list, index, 'agent_version']
      if (version !== undefined && dialect === 'rest') return [{ path: at, message: NOT_IN_REST }]
      if (!versions.has(id) || versions.get(id) === version) return []
      return [{ path: at, message: 'expected the same agent_version as in inbound_agents' }]
    }),
  )
}

/** Two values under one name, or a page's under a name that an agent takes for ours. */
function aboutVariables(path: Path, given: SmsEntry['chat_variables'], ofPages: readonly string[] = []): Finding[] {
  if (!given) return []
  const taken = new Set(ofPages)
  for (const variable of CHAT_VARIABLES) if (given[variable] === undefined) taken.add(variable)
  return CHAT_VARIABLES.flatMap((variable) => {
    const name = given[variable]
    if (typeof name !== 'string') return []
    const again = taken.has(name)
    taken.add(name)
    if (!again) return []
    return [{ path: [...path, 'chat_variables', variable], message: `expected a name of its own, not ${name} again` }]
  })
}

function aboutTemplate(path: Path, { sender, template }: SmsEntry): Finding[] {
  if (!template || sender === undefined || sender.startsWith('whatsapp:')) return []
  return [{ path: [...path, 'template'], message: 'expected only with a WhatsApp sender or a Messaging Service' }]
}
