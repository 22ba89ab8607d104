import type { SettingDefaults } from '../conversations/settings.ts'
import { ownNames } from './reserved-variables.ts'
import {
  type AgentVersionRef,
  coalesceOf,
  type Routes,
  type SmsRoute,
  type WebRoute,
  type WebSettings,
  type WeightedAgent,
} from './routes.ts'
import type { RoutesFile, SmsEntry, WebEntry } from './schema.ts'

/** Where a value comes from: the routes file, a variable of the environment, or what holds when nobody says. */
export type ValueSource = 'file' | 'AUTO_CLOSE_AFTER_MS' | 'COALESCE_WINDOW_MS' | 'default'

export type SettingValue =
  | string
  | number
  | boolean
  | readonly string[]
  | readonly ListedAgent[]
  | SmsRoute['greeting']
  | Readonly<Record<string, string>>

/** An agent as the file lists it. */
export interface ListedAgent {
  agent_id: string
  agent_version?: AgentVersionRef
  weight: number
}

/** A key of a route as it works. */
export interface EffectiveSetting {
  key: string
  /** As the file would say it; undefined: there is none. */
  value: SettingValue | undefined
  from: ValueSource
}

/** A route with every key that it can have. */
export interface EffectiveRoute {
  /** Its place in the file: `sms[0]`. */
  place: string
  route: SmsRoute | WebRoute
  settings: EffectiveSetting[]
}

/**
 * Every route of a file as it works, in the file's order, first those of `sms`.
 * @param defaults for routes that do not say
 */
export function effectiveRoutes(routes: Routes, defaults: SettingDefaults): EffectiveRoute[] {
  const { sms, web }: RoutesFile = routes.file
  return [
    ...routes.sms.map((route, index) => ({
      place: `sms[${index}]`,
      route,
      settings: settingsOfSms(route, sms?.[index] ?? {}, defaults),
    })),
    ...routes.web.map((route, index) => ({
      place: `web[${index}]`,
      route,
      settings: settingsOfWeb(route, web?.[index] ?? {}, defaults),
    })),
  ]
}

function settingsOfSms(route: SmsRoute, entry: Partial<SmsEntry>, defaults: SettingDefaults): EffectiveSetting[] {
  const setting = settingFrom(entry)
  const media = settingFrom(entry.media ?? {}, 'media.')
  const optOut = settingFrom(entry.opt_out ?? {}, 'opt_out.')
  const template = settingFrom(entry.template ?? {}, 'template.')
  const [closing, coalescing] = shared(route, entry, defaults)
  return [
    setting('sender', route.sender),
    setting('messaging_service_sid', route.messagingServiceSid),
    setting('inbound_agents', route.inboundAgents.map(listed)),
    setting('outbound_agents', route.outboundAgents.map(listed)),
    ...closing,
    ...coalescing,
    setting('greeting', entry.greeting ?? route.greeting),
    media('policy', route.media.policy),
    media('text', route.media.text),
    media('send_links', route.media.sendLinks),
    optOut('confirm', route.optOut.confirm),
    optOut('text', route.optOut.text),
    setting('failure_message', route.failureMessage),
    setting('max_per_second', route.maxPerSecond),
    setting('text_format', route.textFormat ?? 'channel'),
    template('content_sid', route.template?.contentSid),
    template('variables', route.template?.variables),
    setting('chat_variables', { ...(route.chatVariables ?? ownNames) }),
  ]
}

function settingsOfWeb(route: WebRoute, entry: Partial<WebEntry>, defaults: SettingDefaults): EffectiveSetting[] {
  const setting = settingFrom(entry)
  const limits = settingFrom(entry.limits ?? {}, 'limits.')
  const [closing, coalescing] = shared(route, entry, defaults)
  return [
    setting('public_key', route.publicKey),
    setting('allowed_origins', route.allowedOrigins),
    setting('agent_id', route.agentId),
    setting('agent_version', route.agentVersion),
    setting('variables', route.variables),
    ...closing,
    ...coalescing,
    setting('greeting', route.greeting),
    setting('failure_message', route.failureMessage),
    limits('conversations_per_minute', route.limits.conversationsPerMinute),
    limits('address_conversations_per_minute', route.limits.addressConversationsPerMinute),
    limits('address_conversations_per_day', route.limits.addressConversationsPerDay),
    limits('conversation_messages_per_day', route.limits.conversationMessagesPerDay),
    limits('address_messages_per_minute', route.limits.addressMessagesPerMinute),
    limits('address_messages_per_day', route.limits.addressMessagesPerDay),
    setting('chat_variables', { ...(route.chatVariables ?? ownNames) }),
  ]
}

function shared(route: WebSettings | SmsRoute, entry: Partial<SmsEntry | WebEntry>, defaults: SettingDefaults) {
  const setting = settingFrom(entry)
  const { windowMs, maxWaitMs } = route.coalesce ?? coalesceOf(defaults.coalesceWindowMs)
  return [
    [
      setting('auto_close_after_ms', route.autoCloseAfterMs ?? defaults.autoCloseAfterMs, 'AUTO_CLOSE_AFTER_MS'),
      setting('auto_close_message', route.autoCloseMessage),
    ],
    [setting('coalesce_window_ms', windowMs, 'COALESCE_WINDOW_MS'), setting('coalesce_max_wait_ms', maxWaitMs)],
  ] as const
}

const listed = ({ agentId, version, weight }: WeightedAgent): ListedAgent => ({
  agent_id: agentId,
  ...(version !== undefined && { agent_version: version }),
  weight,
})

function settingFrom(entry: object, before = '') {
  return (key: string, value: SettingValue | undefined, otherwise: ValueSource = 'default'): EffectiveSetting => ({
    key: before + key,
    value,
    from: key in entry ? 'file' : otherwise,
  })
}
