import type { Greeting, Routes } from '../routing/routes.ts'
import type { Origin } from './conversation.ts'

/** How a conversation is treated, by its route. */
export interface ConversationSettings {
  /** 0 = never. */
  autoCloseAfterMs: number
  autoCloseMessage?: string
  failureMessage?: string
  greeting: Greeting
}

/** The settings of a conversation's route now: they follow the routes file, not the time at which it began. */
export function settingsOf(
  routes: Routes,
  origin: Omit<Origin, 'participant' | 'agentId'>,
  autoCloseAfterMs: number,
): ConversationSettings {
  const route =
    origin.channel === 'web'
      ? ((origin.publicKey === undefined ? undefined : routes.webRoute(origin.publicKey)) ?? routes.defaultWeb)
      : routes.smsRoute({ to: origin.sender ?? '', messagingServiceSid: origin.messagingServiceSid })
  const greeting = route?.greeting ?? 'hide'
  return {
    autoCloseAfterMs: route?.autoCloseAfterMs ?? autoCloseAfterMs,
    greeting: typeof greeting === 'string' ? greeting : greeting.inbound,
    ...(route?.autoCloseMessage !== undefined && { autoCloseMessage: route.autoCloseMessage }),
    ...(route?.failureMessage !== undefined && { failureMessage: route.failureMessage }),
  }
}
