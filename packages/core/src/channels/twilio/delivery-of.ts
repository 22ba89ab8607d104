import type { DeliveryItem } from '../../conversations/items.ts'
import type { LedgerEntry } from '../../conversations/ledger.ts'
import type { ReplyAddress } from '../../conversations/reply-address.ts'
import { defaultMedia, type Routes } from '../../routing/routes.ts'
import { fromMarkdown } from '../../text/markdown.ts'
import { CHANNELS } from '../channels.ts'
import { takeFiles } from './linked-files.ts'

type Message = Pick<Extract<LedgerEntry, { kind: 'message' }>, 'role' | 'by' | 'text'>

/**
 * What is sent of a message, and to whom. Made here alone, from what the ledger keeps, so that what is sent again is the same:
 * links to files as the files themselves where the route says so, and an agent's Markdown in the channel's own form.
 * @param address where it goes; not the web, to which nothing is sent
 */
export function deliveryOf(
  { role, by, text }: Message,
  { channel, to, from, service }: ReplyAddress,
  routes: Routes,
): DeliveryItem | undefined {
  if (channel === 'web') return undefined
  const { mostFiles, marks } = CHANNELS[channel]
  // A linked address has a route of its own.
  const route = routes.smsRoute({ to: from ?? '', messagingServiceSid: service })
  const { sendLinks } = route?.media ?? defaultMedia
  const content = sendLinks && role === 'agent' ? takeFiles(text, mostFiles) : { text }
  const isMarkdown = role === 'agent' && by === undefined && route?.textFormat !== 'as_is'
  return {
    channel,
    to,
    ...(from !== undefined && { from }),
    ...(service !== undefined && { service }),
    ...content,
    ...(isMarkdown && { text: fromMarkdown(content.text, marks) }),
  }
}
