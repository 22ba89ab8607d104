import type { Carrier } from './carrier.ts'
import type { Message } from './messages.ts'

/** How a message ends that does not arrive. */
export interface Failure {
  status: 'failed' | 'undelivered'
  code: number
}

/** Undefined for a message that arrives, as far as the settings say. */
export function failureOf(carrier: Carrier, message: Message, isTemplate: boolean): Failure | undefined {
  if (!isTemplate && isOutsideWindow(carrier, message)) return { status: 'undelivered', code: 63016 }
  const rules = carrier.settings.delivery_failures
  const rule = rules.find(({ to, from, times }) => {
    return (to ?? message.to) === message.to && (from ?? message.from) === message.from && times !== 0
  })
  if (rule?.times !== undefined) rule.times -= 1
  return rule && { status: rule.status, code: rule.code }
}

/** WhatsApp takes free texts for a day after the person last wrote, and only templates after that. */
function isOutsideWindow({ messages, settings }: Carrier, { to, from, index }: Message): boolean {
  if (!to.startsWith('whatsapp:')) return false
  const [heard] = messages.list({ from: to, ...(from !== null && { to: from }) }, index, 1)
  return heard === undefined || messages.now() - heard.dateCreated >= settings.whatsapp_window_ms
}
