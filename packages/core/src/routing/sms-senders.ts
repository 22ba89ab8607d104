import type { ReplyAddress } from '../conversations/reply-address.ts'
import { isSameAddress } from '../identity/identity.ts'
import type { Routes, SmsRoute } from './routes.ts'

/**
 * One of ours to whom a participant may write on a channel, by the routes file.
 * @param wanted a sender or a Messaging Service (of a WhatsApp sender the number alone will do); without it, the first that fits
 * @returns undefined when the routes file has none
 */
export function senderFor(
  { sms }: Routes,
  channel: 'sms' | 'whatsapp',
  wanted?: string,
): Omit<ReplyAddress, 'channel' | 'to'> | undefined {
  const fitting = fittingRoutes(sms, channel)
  if (wanted === undefined) return fitting[0] && endOf(fitting[0])
  const sender = channel === 'whatsapp' && wanted.startsWith('+') ? `whatsapp:${wanted}` : wanted
  const own = fitting.find((route) => route.sender !== undefined && isSameAddress(route.sender, sender))
  if (own) return endOf(own)
  return fitting.some((route) => route.messagingServiceSid === wanted) ? { service: wanted } : undefined
}

/** All of them, in the order of the routes file; for WhatsApp its own senders before Messaging Services. */
export function sendersFor({ sms }: Routes, channel: 'sms' | 'whatsapp'): Omit<ReplyAddress, 'channel' | 'to'>[] {
  return fittingRoutes(sms, channel).map(endOf)
}

/** All of them, whatever their channel. */
export function allSenders({ sms }: Routes): Omit<ReplyAddress, 'channel' | 'to'>[] {
  return sms.map(endOf)
}

/** A Messaging Service fits every channel; whether it has a WhatsApp sender nobody knows here, so those that are named go first. */
function fittingRoutes(routes: readonly SmsRoute[], channel: 'sms' | 'whatsapp'): SmsRoute[] {
  const fitting = routes.filter(({ sender }) => sender === undefined || channelOf(sender) === channel)
  if (channel === 'sms') return fitting
  return [
    ...fitting.filter(({ sender }) => sender !== undefined),
    ...fitting.filter(({ sender }) => sender === undefined),
  ]
}

function endOf({ sender, messagingServiceSid: service }: SmsRoute): Omit<ReplyAddress, 'channel' | 'to'> {
  if (sender === undefined) return service === undefined ? {} : { service }
  return { from: sender, ...(service !== undefined && { service, ownLine: true }) }
}

function channelOf(sender: string): string {
  return /^([a-z]+):/.exec(sender)?.[1] ?? 'sms'
}
