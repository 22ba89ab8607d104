import type { Origin } from '../../conversations/conversation.ts'
import type { Acceptance, Conversations } from '../../conversations/conversations.ts'
import { chooseAgent } from '../../routing/agents.ts'
import type { RoutesHolder } from '../../routing/holder.ts'
import type { InboundSms } from './inbound.ts'

export interface SmsDoor {
  conversations: Conversations
  routes: RoutesHolder
}

/** What became of a message that someone sent to one of our addresses. */
export type SmsAcceptance =
  | (Acceptance & { conversationId: string })
  /** The routes file has no route for the address it was sent to. */
  | { status: 'no_route' }
  /** There is nothing to read in it. */
  | { status: 'empty' }

/**
 * The one way in for messages of people: whether Twilio's webhook brought it or Twilio's list of messages, it comes into the
 * same conversation, with the same agent, once per `MessageSid`.
 */
export async function acceptSms({ conversations, routes }: SmsDoor, sms: InboundSms): Promise<SmsAcceptance> {
  const origin = originOf(sms, routes)
  if (!origin) return { status: 'no_route' }
  if (sms.text === undefined) return { status: 'empty' }
  return conversations.acceptFrom(origin, { text: sms.text, key: sms.messageSid })
}

/** What {@link acceptSms} would do, without doing it; how many messages wait is not looked at. */
export async function tryDoor(
  { conversations, routes }: SmsDoor,
  sms: InboundSms,
): Promise<'no_route' | 'empty' | 'duplicate' | 'accepted'> {
  const origin = originOf(sms, routes)
  if (!origin) return 'no_route'
  if (sms.text === undefined) return 'empty'
  return (await conversations.hasSeen(origin, sms.messageSid)) ? 'duplicate' : 'accepted'
}

/**
 * Whether a message of which it is not known through which Messaging Service it came was taken in through one of these (or,
 * `undefined`, through none): then it is in another conversation, and remembered there.
 */
export async function cameThrough(
  { conversations, routes }: SmsDoor,
  sms: InboundSms,
  services: readonly (string | undefined)[],
): Promise<boolean> {
  for (const messagingServiceSid of new Set(services)) {
    const { messagingServiceSid: _, ...rest } = sms
    const origin = originOf({ ...rest, ...(messagingServiceSid && { messagingServiceSid }) }, routes)
    if (origin && (await conversations.hasSeen(origin, sms.messageSid))) return true
  }
  return false
}

function originOf({ channel, from, to, messagingServiceSid }: InboundSms, routes: RoutesHolder): Origin | undefined {
  const route = routes.current.smsRoute({ to, messagingServiceSid })
  return (
    route && {
      channel,
      participant: from,
      sender: to,
      agentId: chooseAgent(route.inboundAgents, from),
      ...(messagingServiceSid !== undefined && { messagingServiceSid }),
    }
  )
}
