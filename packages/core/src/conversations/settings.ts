import type { ChatVariableNames } from '../routing/reserved-variables.ts'
import {
  type Coalesce,
  coalesceOf,
  defaultMedia,
  type Greeting,
  type MediaPolicy,
  type MessageTemplate,
  type Routes,
  type SmsRoute,
  type WebSettings,
} from '../routing/routes.ts'
import type { Origin } from './origin.ts'

/** How a conversation is treated, by its route. */
export interface ConversationSettings {
  /** 0 = never. */
  autoCloseAfterMs: number
  autoCloseMessage?: string
  failureMessage?: string
  greeting: Greeting
  coalesce: Coalesce
  media: MediaPolicy
  /** Segments that the sender may send per second. */
  maxPerSecond?: number
  template?: MessageTemplate
  /** What its chats are told of it, and under which names; absent: all, under their own. */
  chatVariables?: ChatVariableNames
}

/** From the environment, for routes that do not say. */
export interface SettingDefaults {
  /** 0 = never. */
  autoCloseAfterMs: number
  /** 0 = each message by itself. */
  coalesceWindowMs: number
}

/** The settings of a conversation's route now: they follow the routes file, not the time at which it began. */
export function settingsOf(
  routes: Routes,
  origin: Omit<Origin, 'participant' | 'agentId'>,
  defaults: SettingDefaults,
): ConversationSettings {
  if (origin.channel === 'web') {
    const route = origin.publicKey === undefined ? undefined : routes.webRoute(origin.publicKey)
    const { greeting } = route ?? routes.defaultWeb
    return { ...shared(route ?? routes.defaultWeb, defaults), greeting, media: defaultMedia }
  }
  const route = routes.smsRoute({ to: origin.sender ?? '', messagingServiceSid: origin.messagingServiceSid })
  return {
    ...shared(route, defaults),
    greeting: route?.greeting.inbound ?? 'hide',
    media: route?.media ?? defaultMedia,
    ...(route?.maxPerSecond !== undefined && { maxPerSecond: route.maxPerSecond }),
    ...(route?.template && { template: route.template }),
  }
}

function shared(route: SmsRoute | WebSettings | undefined, { autoCloseAfterMs, coalesceWindowMs }: SettingDefaults) {
  return {
    autoCloseAfterMs: route?.autoCloseAfterMs ?? autoCloseAfterMs,
    coalesce: route?.coalesce ?? coalesceOf(coalesceWindowMs),
    ...(route?.chatVariables && { chatVariables: route.chatVariables }),
    ...(route?.autoCloseMessage !== undefined && { autoCloseMessage: route.autoCloseMessage }),
    ...(route?.failureMessage !== undefined && { failureMessage: route.failureMessage }),
  }
}
