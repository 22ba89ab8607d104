import { spellingsOf } from '../identity/identity.ts'
import { CHAT_VARIABLES, type ChatVariableNames, ownNames } from './reserved-variables.ts'
import type { RoutesFile, SmsEntry, WebEntry } from './schema.ts'
import { type WebLimits, webLimitsFrom } from './web-limits.ts'

/** Which version of an agent: its number, `latest`, `latest_published` or a tag. */
export type AgentVersionRef = number | string

export interface WeightedAgent {
  agentId: string
  /** Absent: UponAI chooses. */
  version?: AgentVersionRef
  weight: number
}

export type Greeting = 'show' | 'hide'

/** What becomes of pictures and other files that people send. */
export interface MediaPolicy {
  /** `reply`: the person is told; `describe`: the agent is told what came; `ignore`: only the text counts. */
  policy: 'reply' | 'describe' | 'ignore'
  /** What the person is told; there with `reply`. */
  text?: string
  /** A link to a file in an agent's text is sent as the file itself. */
  sendLinks: boolean
}

/** What is said to a person who opts out, where Twilio says nothing. */
export interface OptOutSettings {
  /** Whether they are told that it holds. */
  confirm: boolean
  text: string
}

/** Messages that follow each other quickly are answered together. */
export interface Coalesce {
  /** From a message on, ms; 0 = each message by itself. */
  windowMs: number
  /** From the first of them on, ms; never less than the window. */
  maxWaitMs: number
}

/** A template of Twilio's Content API, for WhatsApp outside the 24 hours after a person's message. */
export interface MessageTemplate {
  contentSid: string
  /** `{{text}}` stands for the message's text. */
  variables: Record<string, string>
}

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
  /** Absent: COALESCE_WINDOW_MS. */
  coalesce?: Coalesce
  media: MediaPolicy
  optOut: OptOutSettings
  /** Segments that the sender may send per second. */
  maxPerSecond?: number
  template?: MessageTemplate
  /** Absent: {@link ownNames}. */
  chatVariables?: ChatVariableNames
  /** An agent's Markdown is sent as it is; absent: it becomes what the channel shows. */
  textFormat?: 'as_is'
}

export interface WebSettings {
  /** 0 = never; absent: AUTO_CLOSE_AFTER_MS. */
  autoCloseAfterMs?: number
  autoCloseMessage?: string
  greeting: Greeting
  failureMessage?: string
  /** Absent: COALESCE_WINDOW_MS. */
  coalesce?: Coalesce
  /** Absent: {@link ownNames}. */
  chatVariables?: ChatVariableNames
}

export interface WebRoute extends WebSettings {
  publicKey: string
  allowedOrigins: string[]
  agentId: string
  agentVersion?: AgentVersionRef
  /** The dynamic variables that its pages may set. */
  variables: string[]
  limits: WebLimits
}

/** Which agent answers where. Does not change; a file that is read again makes another one. */
export class Routes {
  /** What the file itself says. */
  readonly file: RoutesFile
  readonly sms: readonly SmsRoute[]
  readonly web: readonly WebRoute[]
  /** For web conversations that are not opened with a public key. */
  readonly defaultWeb: WebSettings = { greeting: 'show' }
  readonly #bySender: ReadonlyMap<string, SmsRoute>

  constructor(file: RoutesFile) {
    this.file = file
    this.sms = (file.sms ?? []).map(smsRouteFrom)
    this.web = (file.web ?? []).map(webRouteFrom)
    const own = this.sms.filter((route) => route.sender !== undefined).toReversed()
    this.#bySender = new Map(own.map((route) => [spellingsOf(route.sender ?? '')[0], route]))
  }

  /** The route that names one of our addresses, in whatever spelling. */
  routeOfSender(sender: string): SmsRoute | undefined {
    return this.#bySender.get(spellingsOf(sender)[0])
  }

  /** The route of one of our addresses: by the sender itself, else by the Messaging Service that it belongs to. */
  smsRoute(address: { to: string; messagingServiceSid?: string | undefined }): SmsRoute | undefined {
    const { to, messagingServiceSid } = address
    const own = this.routeOfSender(to)
    if (own || messagingServiceSid === undefined) return own
    const ofService = this.sms.filter((route) => route.messagingServiceSid === messagingServiceSid)
    // One that also names a sender is there for that one in the first place.
    return ofService.find((route) => route.sender === undefined) ?? ofService[0]
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
    media: mediaFrom(entry.media),
    optOut: { confirm: entry.opt_out?.confirm ?? true, text: entry.opt_out?.text ?? DEFAULT_OPT_OUT_TEXT },
    ...(entry.text_format === 'as_is' && { textFormat: entry.text_format }),
    ...(entry.max_per_second !== undefined && { maxPerSecond: entry.max_per_second }),
    ...(entry.template && {
      template: { contentSid: entry.template.content_sid, variables: entry.template.variables },
    }),
  }
}

function webRouteFrom(entry: WebEntry): WebRoute {
  return {
    publicKey: entry.public_key,
    allowedOrigins: entry.allowed_origins,
    agentId: entry.agent_id,
    ...(entry.agent_version !== undefined && { agentVersion: entry.agent_version }),
    variables: entry.variables ?? [],
    limits: webLimitsFrom(entry.limits),
    ...settingsFrom(entry),
    greeting: entry.greeting ?? 'show',
  }
}

const agentFrom = (entry: NonNullable<SmsEntry['inbound_agents']>[number]): WeightedAgent => ({
  agentId: entry.agent_id,
  ...(entry.agent_version !== undefined && { version: entry.agent_version }),
  weight: entry.weight,
})

/** How long a route that says only its window, or the environment, lets the first message wait. */
const WINDOWS_TO_WAIT = 5

export function coalesceOf(windowMs: number, maxWaitMs = WINDOWS_TO_WAIT * windowMs): Coalesce {
  return { windowMs, maxWaitMs }
}

/** For routes that do not say, and channels that carry no files. */
export const defaultMedia: MediaPolicy = { policy: 'describe', sendLinks: false }

const DEFAULT_OPT_OUT_TEXT = 'You will get no more messages from us. Reply START if you want them again.'

const defaultMediaReply = 'Sorry, I can only read text.'

function mediaFrom(entry: SmsEntry['media'] = {}): MediaPolicy {
  const {
    policy = defaultMedia.policy,
    text = defaultMediaReply,
    send_links: sendLinks = defaultMedia.sendLinks,
  } = entry
  return { policy, ...(policy === 'reply' && { text }), sendLinks }
}

function settingsFrom(entry: SmsEntry | WebEntry): Omit<WebSettings, 'greeting'> {
  return {
    ...(entry.auto_close_after_ms !== undefined && { autoCloseAfterMs: entry.auto_close_after_ms }),
    ...(entry.auto_close_message && { autoCloseMessage: entry.auto_close_message }),
    ...(entry.failure_message && { failureMessage: entry.failure_message }),
    ...(entry.coalesce_window_ms !== undefined && {
      coalesce: coalesceOf(entry.coalesce_window_ms, entry.coalesce_max_wait_ms),
    }),
    ...(entry.chat_variables !== undefined && { chatVariables: chatVariablesFrom(entry.chat_variables) }),
  }
}

/** What is not mentioned keeps its own name. */
function chatVariablesFrom(given: NonNullable<SmsEntry['chat_variables']>): ChatVariableNames {
  if (given === false) return {}
  const named = CHAT_VARIABLES.map((variable) => [variable, given[variable] ?? ownNames[variable]] as const)
  return Object.fromEntries(named.filter(([, name]) => name !== false))
}
