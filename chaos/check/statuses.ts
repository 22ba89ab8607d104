import { type Case, type SomeFindings, timeOf } from './findings.ts'
import type { PersonView } from './views.ts'

/** What may follow upon `delivered`. */
const BROUGHT: ReadonlySet<string> = new Set(['delivered', 'read'])

/**
 * What Twilio told of a message, laid beside the ledger: once the api answered `delivered` of all its parts with a 2xx, the
 * ledger has to say so. Message and part are in the callback's URL.
 */
export function checkStatuses({ person, sends, told }: PersonView): SomeFindings {
  const sent = partsBy(sends, ({ status_callback }) => status_callback ?? '')
  const news = told.filter((one) => BROUGHT.has(one.message_status) && (one.answered_at ?? 0) < person.ledgerAt)
  const brought = partsBy(news, ({ url }) => url)
  const entries = new Map(person.ledger.map((entry) => [entry.id, entry]))
  const cases: Case[] = []
  for (const [message, toldOf] of brought) {
    const entry = entries.get(message)
    const whole = [...(sent.get(message)?.keys() ?? [])].every((part) => toldOf.has(part))
    if (!entry || !whole || BROUGHT.has(entry.status)) continue
    const last = [...toldOf.values()].at(-1)
    cases.push({
      person: person.name,
      text: entry.text,
      expected: `delivered: Twilio said so of ${last?.message_sid}, and was answered at ${timeOf(last?.answered_at ?? 0)}`,
      seen: `${entry.status} in the ledger (${entry.id})`,
      chatIds: [],
      at: last?.at ?? 0,
    })
  }
  return { deliveries_misreported: cases }
}

/** By the message's id in the ledger, then by part. */
function partsBy<T>(items: readonly T[], urlOf: (item: T) => string): Map<string, Map<string, T>> {
  const byMessage = new Map<string, Map<string, T>>()
  for (const item of items) {
    const query = new URL(urlOf(item), 'http://localhost').searchParams
    const message = query.get('message')
    if (message === null) continue
    const parts = byMessage.get(message) ?? new Map<string, T>()
    byMessage.set(message, parts.set(query.get('part') ?? '', item))
  }
  return byMessage
}
