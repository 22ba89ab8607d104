import type { HistoryEntry } from '@chatlane/sandbox'
import { timeOf } from './findings.ts'

/**
 * What the api must not answer to UponAI's webhooks and Twilio's status callbacks, in words: anything but a 2xx, a 503 (it
 * cannot take it just now) or nothing at all.
 */
export function wrongAnswers(history: readonly HistoryEntry[]): string[] {
  const wrong = history.flatMap((entry) => {
    if (entry.kind !== 'webhook' && entry.kind !== 'status_callback') return []
    const { status, at } = entry
    if (status === null || status === 503 || (status >= 200 && status <= 299)) return []
    const what = entry.kind === 'webhook' ? `webhook ${entry.event}` : `status callback ${entry.message_status}`
    return [{ at, what: `${what}: expected a 2xx, 503 or no answer, got ${status}` }]
  })
  return [...Map.groupBy(wrong, ({ what }) => what)].map(([what, all]) => {
    return `${what} (${all.length} times, first at ${timeOf(all[0]?.at ?? 0)})`
  })
}
