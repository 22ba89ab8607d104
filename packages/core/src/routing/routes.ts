import type { RoutesFile, SmsEntry, WebEntry } from './schema.ts'

export interface WeightedAgent {
  agentId: string
  weight: number
}

export type Greeting = 'show' | 'hide'

export interface SmsRoute {
  /** A Twilio address (`+1…`, `whatsapp:+1…`, a short code); this or `messagingServiceSid` or both. */
  sender?: string
  messagingServiceSid?: string
  /** Never empty. */
  inboundAgents: WeightedAgent[]
  /** Never empty. */
  outboundAgents: WeightedAgent[]
  /** 0 = never; absent: AUTO_CLOSE_AFTER_MS. */
  autoCloseAfterMs?: number
  autoCloseMessage?: string
  /** What happens to an agent's greeting when someone writes first, and when we open the conversation. */
  greeting: { inbound: Greeting; outbound: Greeting }
  failureMessage?: string
}

export interface WebSettings {
  /** 0 = never; absent: AUTO_CLOSE_AFTER_MS. */
  autoCloseAfterMs?: number
  autoCloseMessage?: string
  greeting: Greeting
  failureMessage?: string
}

export interface WebRoute extends WebSettings {
  publicKey: string
  allowedOrigins: string[]
  agentId: string
}

/** Which agent answers where. Does not change; a file that is read again makes another one. */
export class Routes {
  readonly sms: readonly SmsRoute[]
  readonly web: readonly WebRoute[]
  /** For web conversations that are not opened with a public key. */
  readonly defaultWeb: WebSettings = { greeting: 'show' }

  constructor(file: RoutesFile) {
    this.sms = (file.sms ?? []).map(smsRouteFrom)
    this.web = (file.web ?? []).map(webRouteFrom)
  }

  /** The route of one of our addresses: by the sender itself, else by the Messaging Service that it belongs to. */
  smsRoute(address: { to: string; messagingServiceSid?: string | undefined }): SmsRoute | undefined {
    const { to, messagingServiceSid } = address
    return (
      this.sms.find((route) => route.sender === to) ??
      this.sms.find((route) => messagingServiceSid !== undefined && route.messagingServiceSid === messagingServiceSid)
    )
  }

  webRoute(publicKey: string): WebRoute | undefined {
    return this.web.find((route) => route.publicKey === publicKey)
  }
}

function smsRouteFrom(entry: SmsEntry): SmsRoute {
  // The schema sees to it that one of the two is there.
  const inbound = entry.inbound_agents ?? entry.outbound_agents ?? []
  const outbound = entry.outbound_agents ?? inbound
  return {
    ...(entry.sender && { sender: entry.sender }),
    ...(entry.messaging_service_sid && { messagingServiceSid: entry.messaging_service_sid }),
    inboundAgents: inbound.map(agentFrom),
    outboundAgents: outbound.map(agentFrom),
    ...settingsFrom(entry),
    greeting: { inbound: entry.greeting ?? 'hide', outbound: entry.greeting ?? 'show' },
  }
}

function webRouteFrom(entry: WebEntry): WebRoute {
  return {
    publicKey: entry.public_key,
    allowedOrigins: entry.allowed_origins,
    agentId: entry.agent_id,
    ...settingsFrom(entry),
    greeting: entry.greeting ?? 'show',
  }
}

const agentFrom = (entry: { agent_id: string; weight: number }): WeightedAgent => ({
  agentId: entry.agent_id,
  weight: entry.weight,
})

function settingsFrom(entry: SmsEntry | WebEntry): Omit<WebSettings, 'greeting'> {
  return {
    ...(entry.auto_close_after_ms !== undefined && { autoCloseAfterMs: entry.auto_close_after_ms }),
    ...(entry.auto_close_message && { autoCloseMessage: entry.auto_close_message }),
    ...(entry.failure_message && { failureMessage: entry.failure_message }),
  }
}
