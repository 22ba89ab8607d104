import { carriedChannelOf } from '../channels/channels.ts'
import { whoIn } from './event.ts'
import type { WebhookItem } from './item.ts'
import type { WebhookLanes } from './reports.ts'

/** As long as a refusal may be told again. */
const SEEN_MS = 24 * 3_600_000

interface OptOutNews {
  conversation: string
  /** The person's address. */
  to: string
  /** Our address, or the Messaging Service. */
  sender: string
  /** The message that was refused, by its entry in the ledger. */
  message: string
}

/** Tells that a carrier refuses messages to a person who opted out there; once for each message that shows it. */
export async function tellCarrierOptOut(webhooks: WebhookLanes, news: OptOutNews): Promise<void> {
  if (!webhooks) return
  const { conversation, to, sender, message } = news
  const id = `opted_out_${message}`
  const who = whoIn({ channel: carriedChannelOf(to).name, participant: to, sender })
  const data = { ...who, message_id: message, by: 'carrier', text: null }
  const item: WebhookItem = { type: 'participant.opted_out', at: Date.now(), data }
  await webhooks.add(conversation, { id, data: JSON.stringify(item), dedupe: { id, forMs: SEEN_MS } })
}
