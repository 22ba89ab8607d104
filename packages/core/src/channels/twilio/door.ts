import type { AcceptanceFrom, Conversations } from '../../conversations/conversations.ts'
import type { Origin } from '../../conversations/origin.ts'
import { CONFIRM_WITHIN_MS } from '../../deliveries/permission.ts'
import { chooseAgent } from '../../routing/agents.ts'
import type { RoutesHolder } from '../../routing/holder.ts'
import type { InboundSms } from './inbound.ts'
import { type MediaLinks, readSms } from './media-policy.ts'
import { heardOptOut } from './opt-out.ts'

export interface SmsDoor {
  conversations: Conversations
  routes: RoutesHolder
  /** Absent where messages come without files that could be fetched. */
  links?: MediaLinks | undefined
}

/** What became of a message that someone sent to one of our addresses. */
export type SmsAcceptance =
  | AcceptanceFrom
  /** The routes file has no route for the address it was sent to. */
  | { status: 'no_route' }

/**
 * The one way in for messages of people: whether Twilio's webhook brought it or Twilio's list of messages, it comes into the
 * same conversation, with the same agent, once per `MessageSid`.
 * @param receivedAt when Twilio had the message, ms
 */
export async function acceptSms(
  { conversations, routes, links }: SmsDoor,
  sms: InboundSms,
  receivedAt = Date.now(),
): Promise<SmsAcceptance> {
  const origin = originOf(sms, routes)
  const route = routes.current.smsRoute(sms)
  if (!origin || !route) return { status: 'no_route' }
  const read = await readSms(sms, route.media, links)
  const { text, confirm } = route.optOut
  const optOut = { text, confirm: confirm && Date.now() - receivedAt < CONFIRM_WITHIN_MS }
  const heard = await heardOptOut(conversations.optOuts, origin, sms, optOut)
  // Who asks for silence is told by us that they have it, and nothing else.
  const { reply, ...unanswered } = read
  const { messageSid: key, profile } = sms
  const message = { ...(heard ? { ...unanswered, ...heard } : read), key, ...(profile && { profile }) }
  return conversations.acceptFrom(origin, message)
}

/** What {@link acceptSms} would do, without doing it; how many messages wait is not looked at. */
export async function tryDoor(
  { conversations, routes }: SmsDoor,
  sms: InboundSms,
): Promise<'no_route' | 'duplicate' | 'accepted'> {
  const origin = originOf(sms, routes)
  if (!origin) return 'no_route'
  return (await conversations.hasSeen(origin, sms.messageSid)) ? 'duplicate' : 'accepted'
}

/**
 * Whether a message was taken in as one of the sender alone or through one of these Messaging Services, whatever the routes
 * are now: then it may be in another conversation than it would be in today, and is remembered there.
 */
export async function cameThrough(
  conversations: Conversations,
  { channel, from, to, messageSid }: InboundSms,
  services: readonly (string | undefined)[],
): Promise<boolean> {
  const line = { channel, participant: from, sender: to }
  if (await conversations.hasSeen(line, messageSid)) return true
  for (const messagingServiceSid of new Set(services)) {
    if (messagingServiceSid === undefined) continue
    if (await conversations.hasSeen({ ...line, messagingServiceSid }, messageSid)) return true
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
      ...(messagingServiceSid !== undefined && {
        messagingServiceSid,
        ...(route === routes.current.routeOfSender(to) && { ownLine: true }),
      }),
    }
  )
}
