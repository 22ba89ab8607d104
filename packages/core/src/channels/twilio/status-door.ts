import type { LaneRedis } from '@chatlane/lanes'
import type { Conversation } from '../../conversations/conversation.ts'
import type { Conversations } from '../../conversations/conversations.ts'
import type { Noted } from '../../conversations/delivery-news.ts'
import type { DeliveryItem } from '../../conversations/items.ts'
import { conversationKeys, isConversationId } from '../../conversations/keys.ts'
import { decodeEntry, isEntryId, type LedgerEntry } from '../../conversations/ledger.ts'
import { pairOf } from '../../conversations/opt-outs.ts'
import { addressOf, type ReplyAddress } from '../../conversations/reply-address.ts'
import { hasArrived, parseTold, toldKey } from '../../conversations/told.ts'
import { senderOf } from '../../deliveries/passage.ts'
import { SenderGate } from '../../deliveries/sender-gate.ts'
import { isSameAddress } from '../../identity/identity.ts'
import type { Logger } from '../../logging/logger.ts'
import type { RoutesHolder } from '../../routing/holder.ts'
import { carriedChannelOf } from '../channels.ts'
import { codeOfReason } from './codes.ts'
import { Consequences } from './consequences.ts'
import { deliveryOf } from './delivery-of.ts'
import { nextPacificDay } from './pacific-day.ts'
import type { SmsStatus } from './status.ts'

export interface StatusDoorParts {
  redis: LaneRedis
  prefix: string
  conversations: Conversations
  routes: RoutesHolder
  logger: Logger
  /** Told of every failure that has a code of Twilio's. */
  onError: (code: number, isKnown: boolean) => void
}

/** Which of our messages a status callback is about. */
export interface StatusSubject {
  conversation: string
  /** Its entry in the ledger. */
  message: string
  /** Of a text in several parts, from 0. */
  part: number
  parts: number
}

type MessageEntry = Extract<LedgerEntry, { kind: 'message' }>

/** Messages that failed together come back spread over a quarter more than their pause. */
const SPREAD = 0.25

/** The way in for status callbacks: what becomes of the message, and what follows from its failure besides. */
export class StatusDoor {
  readonly #parts: StatusDoorParts
  readonly #consequences: Consequences

  constructor(parts: StatusDoorParts) {
    this.#parts = parts
    const { redis, prefix, logger, conversations, onError } = parts
    const { optOuts, flaggedNumbers: numbers, webhooks } = conversations
    const gate = new SenderGate({ redis, prefix, logger })
    this.#consequences = new Consequences({ optOuts, numbers, gate, webhooks, logger, onError })
  }

  /** Takes in a callback; what is about nothing that is known changes nothing. */
  async accept(told: SmsStatus, subject: StatusSubject): Promise<Noted | 'unknown'> {
    const { conversations } = this.#parts
    const { conversation: id, message } = subject
    if (!isConversationId(id) || !isEntryId(message)) return 'unknown'
    // What follows from a failure counts from the message's place in time, so the message has to be there.
    const [conversation, entry] = await Promise.all([conversations.find(id), this.#entry(id, message)])
    if (!conversation || entry?.kind !== 'message') return 'unknown'
    const { messageSid, twilioStatus, status, reason } = told
    const ends = endsOf(conversation, told)
    // Before the news is noted: brought again, after an api that died here, it would be known.
    if (ends && isFailure(told)) await this.#applyConsequences(ends, subject, told)
    const noted = await conversations.noteDelivery(conversation, subject.message, {
      once: `${messageSid}:${twilioStatus}`,
      taken: { part: subject.part, sid: messageSid },
      parts: subject.parts,
      ...(status !== undefined && { status }),
      ...(reason !== undefined && { reason }),
      ...(ends &&
        isFailure(told) && { again: (sent: number) => this.#again(ends, entry, subject.part, reason ?? '', sent) }),
    })
    // Behind the note, and of a failure once more: of two at the same time one sees the other.
    if (ends && (isArrival(told) || (isFailure(told) && (await this.#hasArrived(subject)))))
      await this.#consequences.arrived(senderOf(ends), ends.to)
    return noted
  }

  async #applyConsequences(ends: ReplyAddress, subject: StatusSubject, told: SmsStatus): Promise<void> {
    const { conversation, message } = subject
    const { to } = ends
    const sender = senderOf(ends)
    if (told.reason === undefined) return
    // Of what has arrived a failure says nothing, but that the person wants no more.
    if (codeOfReason(told.reason)?.entry?.class !== 'opt_out' && (await this.#hasArrived(subject))) return
    const about = { to, sender, waits: false, pair: pairOf(ends), conversation, message, once: told.messageSid }
    await this.#consequences.apply(told.reason, about)
  }

  async #again(
    ends: ReplyAddress,
    entry: MessageEntry,
    part: number,
    reason: string,
    sent: number,
  ): Promise<DeliveryItem | undefined> {
    const { again } = codeOfReason(reason)?.entry ?? {}
    const { from, service } = ends
    if (!again || sent > again.times) return undefined
    const routes = this.#parts.routes.current
    const route = routes.smsRoute({ to: from ?? '', messagingServiceSid: service })
    const template = reason === 'outside_window'
    if (template && !route?.template) return undefined
    // What was said on the web only was never sent.
    if (entry.channel === 'web') return undefined
    const delivery = deliveryOf(entry, ends, routes)
    if (!delivery) return undefined
    const now = Date.now()
    const pauseMs = again.after === 'next_pacific_day' ? nextPacificDay(now) - now : again.after
    return {
      ...delivery,
      part,
      again: sent,
      due: now + pauseMs * (1 + SPREAD * Math.random()),
      ...(template && { template }),
    }
  }

  /** Whether any part of the message is known to have arrived. */
  async #hasArrived({ conversation, message }: StatusSubject): Promise<boolean> {
    const { redis, prefix } = this.#parts
    return hasArrived(parseTold(await redis.hgetall(toldKey(prefix, conversation, message))))
  }

  /** Undefined when the ledger has no such entry, or does not reach back so far. */
  async #entry(conversation: string, message: string): Promise<LedgerEntry | undefined> {
    const { redis, prefix } = this.#parts
    const [found] = await redis.xrange(conversationKeys(prefix, conversation).ledger, message, message)
    return found?.[0] === message ? decodeEntry(...found).entry : undefined
  }
}

function isFailure({ status }: SmsStatus): boolean {
  return status === 'failed' || status === 'undelivered'
}

function isArrival({ status }: SmsStatus): boolean {
  return status === 'delivered' || status === 'read'
}

/** Between whom the message went: as the conversation knows the two, where it knows them. */
function endsOf(conversation: Conversation, { to, from, messagingServiceSid }: SmsStatus): ReplyAddress | undefined {
  if (to === undefined) return undefined
  const known = [addressOf(conversation), ...conversation.links].filter((address) => isSameAddress(address.to, to))
  const ends = known.find((address) => address.from === from) ?? known[0]
  if (ends) return ends
  return {
    channel: carriedChannelOf(to).name,
    to,
    ...(from !== undefined && { from }),
    ...(messagingServiceSid !== undefined && { service: messagingServiceSid }),
  }
}
