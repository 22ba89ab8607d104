import { spellingsOf } from '../identity/identity.ts'
import type { Entries, SmsEntry, WebEntry } from './schema.ts'

export type Path = readonly PropertyKey[]

export interface Finding {
  path: Path
  /** What was expected. */
  message: string
}

/** What is wrong between keys or entries, each of which is right. Entries that are not are left out. */
export function findConflicts({ sms, web }: Entries): Finding[] {
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
    )
    if (entry.sender) once([...path, 'sender'], spellingsOf(entry.sender)[0])
    // Several senders may belong to one service; only the entry for the service as a whole has to be the only one.
    else once([...path, 'messaging_service_sid'], entry.messaging_service_sid)
  }
  for (const [index, entry] of web.entries()) {
    if (!entry) continue
    const path = ['web', index]
    found.push(...aboutWaiting(path, entry))
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

function aboutTemplate(path: Path, { sender, template }: SmsEntry): Finding[] {
  if (!template || sender === undefined || sender.startsWith('whatsapp:')) return []
  return [{ path: [...path, 'template'], message: 'expected only with a WhatsApp sender or a Messaging Service' }]
}
