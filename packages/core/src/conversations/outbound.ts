import type { Effect, LaneRedis, Lanes } from '@chatlane/lanes'
import type { Replicas } from '../redis/replicas.ts'
import { chooseAgent } from '../routing/agents.ts'
import type { RoutesHolder } from '../routing/holder.ts'
import type { AgentVersionRef } from '../routing/routes.ts'
import { wellFormed } from '../text/well-formed.ts'
import { reports, type WebhookLanes } from '../webhooks/reports.ts'
import type { AddressBook, Holder } from './address-book.ts'
import { beginEffects, type Conversation, changeEffects, keepEffects } from './conversation.ts'
import { digestOf } from './digest.ts'
import type { FlaggedNumbers } from './flagged-numbers.ts'
import type { ConversationItem, DeliveryItem } from './items.ts'
import { conversationKeys, shardOfConversation } from './keys.ts'
import { ledgerEffect } from './ledger.ts'
import { type OptOuts, pairOf } from './opt-outs.ts'
import { outboundAddress } from './outbound-address.ts'
import { addressOf, nameOf, originOf, type ReplyAddress, replyAddress } from './reply-address.ts'
import { type SettingDefaults, settingsOf } from './settings.ts'

/** How long the business's key for a message is remembered. */
const SEEN_MS = 24 * 3_600_000

/** A message of the business's to a person, or the wish that the agent writes to them first. */
export interface OutboundMessage {
  channel: 'sms' | 'whatsapp'
  /** The person's address: `+1…`, `whatsapp:+1…`. */
  to: string
  /** A sender or a Messaging Service of the routes file; without it, the one that they are in conversation with. */
  from?: string | undefined
  /** Sent as it is. Without it the agent's greeting is what is sent. */
  text?: string | undefined
  /** Instead of the route's outbound agent; in a conversation that is there, from its next chat on. */
  agentId?: string | undefined
  /** Of that agent; needs it. */
  agentVersion?: AgentVersionRef | undefined
  metadata?: Record<string, unknown> | undefined
  dynamicVariables?: Record<string, string> | undefined
  /** Names the message: a repeat within a day is known by it. */
  key?: string | undefined
}

export type SentOut =
  /** Durable. The id is that of the message in the ledger or, where the agent is to open, of the opening. */
  | { status: 'accepted' | 'duplicate'; conversationId: string; messageId: string }
  /** The key was used before, with another text. */
  | { status: 'conflict' }
  /** The person wants no messages of this sender. */
  | { status: 'opted_out' }
  /** Messages to the number failed for good of late; the reason is as on those. */
  | { status: 'unreachable'; reason: string }
  /** The routes file has no such sender, or none for this channel. */
  | { status: 'no_sender' }
  /** Too many messages wait to be sent. */
  | { status: 'full' }

export interface OutboundParts extends SettingDefaults {
  redis: LaneRedis
  prefix: string
  lanes: Lanes
  deliveries: Lanes
  webhooks?: WebhookLanes
  routes: RoutesHolder
  addresses: AddressBook
  replicas: Replicas
  optOuts: OptOuts
  flaggedNumbers: FlaggedNumbers
  mostWaiting: number
  find(id: string): Promise<Conversation | undefined>
  /** The address's conversation, made up if it has none. */
  holderOf(address: ReplyAddress): Promise<Holder & { asOf: number }>
}

/**
 * Writes to a person first, or goes on in the conversation with them. The conversation's beginning, its ledger and what is to
 * be sent are stored in one step.
 */
export async function sendOut(parts: OutboundParts, given: OutboundMessage): Promise<SentOut> {
  const message = { ...given, ...(given.text !== undefined && { text: wellFormed(given.text) }) }
  const { addresses, optOuts, replicas, mostWaiting, find } = parts
  const { text = '', key } = message
  const wanted = await outboundAddress(parts, message)
  if (!wanted) return { status: 'no_sender' }
  const dedupe = key === undefined ? undefined : { id: `sms:${key}`, forMs: SEEN_MS, print: digest(text) }
  const opens = message.text === undefined
  const [lanes, others] = opens ? [parts.lanes, parts.deliveries] : [parts.deliveries, parts.lanes]
  const known = dedupe && (await addresses.look(wanted))
  // A repeat is one whatever has become of the person, and their address, since.
  for (const conversationId of known ? [known.id, ...known.before.map(([id]) => id)] : []) {
    if (await others.hasSeen(conversationId, dedupe?.id ?? '')) return { status: 'conflict' }
    const seen = await lanes.seen(conversationId, dedupe?.id ?? '')
    if (seen && seen.print !== dedupe?.print) return { status: 'conflict' }
    if (seen) return { status: 'duplicate', conversationId, messageId: seen.id }
  }
  const flag = await parts.flaggedNumbers.isFlagged(message.to)
  if (flag) return { status: 'unreachable', reason: flag.reason }
  const holder = await parts.holderOf(wanted)
  const conversation = await find(holder.id)
  const address = (conversation && lineOf(conversation, wanted)) ?? wanted
  if (await optOuts.has(pairOf(address))) return { status: 'opted_out' }
  replicas.demand(shardOfConversation(holder.id))
  const place = { id: holder.id, address, linked: holder.linked, conversation }
  const added = await lanes.add(holder.id, {
    ...(opens ? opening(parts, place, message) : delivery(parts, place, message)),
    most: mostWaiting,
    ...(dedupe && { dedupe }),
  })
  if (added.status === 'full') return { status: 'full' }
  await replicas.confirm(shardOfConversation(holder.id))
  addresses.confirm(wanted, holder)
  if (added.status === 'duplicate' && added.print !== dedupe?.print) return { status: 'conflict' }
  const status = added.status === 'added' ? 'accepted' : 'duplicate'
  return { status, conversationId: holder.id, messageId: added.id }
}

interface Place {
  id: string
  address: ReplyAddress
  linked: boolean
  /** Undefined: it begins with this message. */
  conversation: Conversation | undefined
}

/** The text goes into the ledger and the delivery lane. */
function delivery(parts: OutboundParts, place: Place, message: OutboundMessage) {
  const { prefix, webhooks } = parts
  const { id, address } = place
  const { channel, to, from, service } = address
  const { text = '' } = message
  const item: DeliveryItem = {
    ...(channel !== 'web' && { channel }),
    to,
    text,
    ...(from !== undefined && { from }),
    ...(service !== undefined && { service }),
  }
  const effects = [
    ledgerEffect(prefix, id, { kind: 'message', role: 'system', by: 'business', text, channel, status: 'queued' }),
    ...beginning(parts, place, message),
    ...changeEffects(prefix, id, { opening: text }),
  ]
  return { data: JSON.stringify(item), effects, adds: reports(webhooks, id, originOf(address), effects) }
}

/** The agent greets; whether it has anything to say is seen when its chat is made. */
function opening(parts: OutboundParts, place: Place, message: OutboundMessage) {
  const { prefix } = parts
  const { id, address, linked } = place
  const item: ConversationItem = { kind: 'open', mustGreet: true }
  const effects = [
    ledgerEffect(prefix, id, { kind: 'conversation', status: 'opening' }),
    ...beginning(parts, place, message),
    // It is said where we were told to say it.
    ...changeEffects(prefix, id, { reply: linked ? JSON.stringify(address) : '' }),
  ]
  return { data: JSON.stringify(item), effects }
}

/** The writes that begin the conversation, or keep it; a chat that is open gets its time to be answered in anew. */
function beginning(parts: OutboundParts, { id, address, conversation }: Place, message: OutboundMessage): Effect[] {
  const { prefix, routes } = parts
  const { agentId, agentVersion, metadata, dynamicVariables } = message
  const keys = conversationKeys(prefix, id)
  const now = Date.now()
  const { autoCloseAfterMs } = settingsOf(routes.current, originOf(address), parts)
  const begin = () => {
    const asked = agentVersion === undefined ? {} : { agentVersion }
    const origin = { ...originOf(address), agentId: agentId ?? agentFor(routes, address), ...asked }
    return beginEffects(prefix, id, origin, now)
  }
  return [
    ...(conversation ? keepEffects(prefix, id, now) : begin()),
    ...changeEffects(prefix, id, {
      last: now,
      closed: '',
      ...(agentId !== undefined && { agent: agentId, asked: 1 }),
      // What was asked for of another agent says nothing of this one.
      ...(agentId !== undefined &&
        conversation?.agentVersion !== agentVersion && { ver: JSON.stringify(agentVersion ?? null) }),
      ...(metadata && { meta: JSON.stringify(metadata) }),
      ...(dynamicVariables && { vars: JSON.stringify(dynamicVariables) }),
    }),
    ...(autoCloseAfterMs > 0 ? [['ZADD', keys.closing, 'XX', now + autoCloseAfterMs, id] as const] : []),
    ['PUBLISH', keys.live, id],
  ]
}

function agentFor(routes: RoutesHolder, { to, from = '', service }: ReplyAddress): string {
  const route = routes.current.smsRoute({ to: from, messagingServiceSid: service })
  return chooseAgent(route?.outboundAgents ?? [], to)
}

/**
 * How the conversation writes to that person: to the address that they wrote from last, with the number of the Messaging Service
 * that they know, say. The service is what is known now: its opt-outs count.
 */
function lineOf(conversation: Conversation, wanted: ReplyAddress): ReplyAddress | undefined {
  const line = [replyAddress(conversation), addressOf(conversation), ...conversation.links].find(
    (one) => nameOf(one) === nameOf(wanted),
  )
  return line && { ...line, ...(wanted.service !== undefined && { service: wanted.service }) }
}

function digest(text: string): string {
  return digestOf(text)
}
