import type { Item } from '@chatlane/lanes'
import { z } from 'zod'
import { timeOfEntry } from '../conversations/ledger.ts'

/** What the business's systems are told of; docs/webhooks.md describes each. */
const types = [
  'conversation.opened',
  'message.received',
  'message.answered',
  'delivery.failed',
  'participant.opted_out',
  'conversation.closed',
  'message.dead_lettered',
] as const

/** What lies in a conversation's lane of webhooks; the item's id is that of the ledger's entry of which it tells. */
export const webhookItem = z.object({
  type: z.enum(types),
  /** The field of the event's data that holds the entry's own id, which was not known yet when this was written. */
  own: z.enum(['message_id', 'answer_id']).optional(),
  /** When it happened, ms; absent: when the entry was written. */
  at: z.number().optional(),
  /** When it was put into its lane again, ms. */
  again: z.number().optional(),
  data: z.record(z.string(), z.unknown()),
})
export type WebhookItem = z.infer<typeof webhookItem>

/** One webhook as it goes over the wire. */
export interface Webhook {
  /** Stays the same over retries and replays: by it a receiver knows a repeat. */
  id: string
  type: WebhookItem['type']
  body: string
  /** Since when it waits to be taken, ms. */
  since: number
}

/** @throws for an item that no version of this wrote */
export function webhookOf(lane: string, { id, data: text }: Item): Webhook {
  const { type, own, at, again, data } = webhookItem.parse(JSON.parse(text))
  const happened = at === undefined ? timeOfEntry(id) : new Date(at)
  const payload = {
    type,
    timestamp: happened.toISOString(),
    data: { conversation_id: lane, ...(own && { [own]: id }), ...data },
  }
  // Without a full stop: the signed text is divided by these.
  return { id: `${lane}_${id}`, type, body: JSON.stringify(payload), since: again ?? happened.getTime() }
}

/** The item's text for a replay: the time it has to be taken begins anew. */
export function againNow(text: string): string {
  return JSON.stringify({ ...webhookItem.parse(JSON.parse(text)), again: Date.now() })
}
