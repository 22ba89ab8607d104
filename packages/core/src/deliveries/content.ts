import type { OutgoingContent } from '../channels/twilio/send.ts'
import type { DeliveryItem } from '../conversations/items.ts'
import { isWindowOpen } from '../conversations/reply-window.ts'
import type { MessageTemplate } from '../routing/routes.ts'

/** What stands for the message's text in a template's variables. */
const TEXT = '{{text}}'

/** WhatsApp takes no line breaks, tabs and long spaces in a variable. */
const SPACES = /\s+/g

/**
 * What is sent for a part of a message now: the text itself, or the route's template where the channel takes no free text.
 * `covered` for a further part of a message whose template does not have its text: it was sent with the first one.
 * `outside_window` when the route has no template.
 * @param wrote when the person last wrote, ms
 */
export function contentOf(
  item: DeliveryItem,
  { part, body }: { part: number; body: string },
  wrote: number | undefined,
  template: MessageTemplate | undefined,
): OutgoingContent | 'covered' | 'outside_window' {
  if (!item.template && isWindowOpen(item.to, wrote))
    return { body, ...(part === 0 && item.media && { mediaUrl: item.media }) }
  if (!template) return 'outside_window'
  const entries = Object.entries(template.variables)
  if (part > 0 && !entries.some(([, value]) => value.includes(TEXT))) return 'covered'
  // A template takes no files of ours: their links stay links.
  const text = [body, ...(part === 0 ? (item.media ?? []) : [])].join(' ').replace(SPACES, ' ').trim()
  const variables = entries.map(([name, value]) => [name, value.replaceAll(TEXT, () => text)])
  return { contentSid: template.contentSid, contentVariables: JSON.stringify(Object.fromEntries(variables)) }
}
