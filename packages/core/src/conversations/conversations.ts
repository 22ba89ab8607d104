import { randomUUID } from 'node:crypto'
import type { Effect, LaneRedis, Lanes } from '@chatlane/lanes'
import type { Recipient } from '../channels/outbound-recipient.ts'
import { hasSpellings } from '../identity/identity.ts'
import { Replicas } from '../redis/replicas.ts'
import { writeTogether } from '../redis/write-together.ts'
import type { RoutesHolder } from '../routing/holder.ts'
import { wellFormed } from '../text/well-formed.ts'
import type { Chat } from '../uponai/chat.ts'
import { reports, type WebhookLanes } from '../webhooks/reports.ts'
import { AddressBook, type Holder, type Services } from './address-book.ts'
import { conversationsOf } from './by-participant.ts'
import { noteChatAnalyzed, noteChatEnded } from './chat-events.ts'
import { beginEffects, type Conversation, changeEffects, keepEffects } from './conversation.ts'
import { type Noted, noteNews } from './delivery-news.ts'
import { digestOf } from './digest.ts'
import { tellOfFiles } from './file-replies.ts'
import { FlaggedNumbers } from './flagged-numbers.ts'
import { Handoffs } from './handoffs.ts'
import { type IncomingMessage, tellAtOnce } from './incoming.ts'
import type { ConversationItem, MessageItem } from './items.ts'
import {
  conversationKeys,
  EMPTY_KEPT_SECONDS,
  isConversationId,
  newConversationId,
  shardOfConversation,
} from './keys.ts'
import { isEntryId, ledgerEffect } from './ledger.ts'
import { ledgerBudgetEffects } from './ledger-budget.ts'
import { type Linked, linkAddress } from './links.ts'
import { type ConversationPage, type ConversationQuery, listConversations } from './list.ts'
import { type MessagePage, readMessages } from './message-page.ts'
import { optOutPairs } from './opt-out-pairs.ts'
import { type OptOutBy, type OptOutChange, OptOuts, type Pair, pairOf } from './opt-outs.ts'
import type { Origin } from './origin.ts'
import { type OutboundMessage, type SentOut, sendOut } from './outbound.ts'
import { withService } from './outbound-address.ts'
import { readConversation } from './read-record.ts'
import { addressOf, nameOf, originOf, type ReplyAddress, replyAddress } from './reply-address.ts'
import { wroteEffects } from './reply-window.ts'
import { type SettingDefaults, settingsOf } from './settings.ts'
import type { News } from './told.ts'
import { type ConversationPatch, type Updated, updateConversation } from './update.ts'

/** How long the sender's id of a message is remembered: Twilio's signature carries no time, so this is the defence against replays too. */
const SEEN_MS = 24 * 3_600_000

/** Unanswered messages that a conversation may have. */
export const MOST_WAITING = 100

export interface ConversationsOptions extends SettingDefaults {
  redis: LaneRedis
  prefix: string
  /** The conversations' lanes. */
  lanes: Lanes
  /** The lanes of outgoing messages. */
  deliveries: Lanes
  /** Over how many shards new conversations are spread. */
  shards: number
  routes: RoutesHolder
  /** Replicas that must have a message before it counts as accepted. */
  minReplicas: number
  /** Messages that may wait unanswered in one conversation. */
  mostWaiting: number
  /** The lanes of webhooks for the business; absent: it is told nothing. */
  webhooks?: WebhookLanes
}

/** What became of a message at the door. */
export type Acceptance =
  /** Durable; it will be answered or end as a dead letter. */
  | { status: 'accepted'; messageId: string }
  /** The same message was accepted before. */
  | { status: 'duplicate'; messageId: string }
  /** The sender's id was used before, with another text. */
  | { status: 'conflict' }
  /** Too many messages wait unanswered. */
  | { status: 'full' }

/** What became of a message that came from an address. */
export type AcceptanceFrom = (
  | Acceptance
  /** Durable and shown; a rule says that it is not for the agent. */
  | { status: 'dropped'; messageId: string; reason: string }
) & { conversationId: string }

/** What the opt-outs are for {@link Replicas}: they are of no shard, and in a cluster on a node of their own. */
const OPT_OUTS = -1

/** The conversations as the api sees them: begins them, takes messages in, and shows what became of them. */
export class Conversations {
  readonly optOuts: OptOuts
  /** Numbers to which nothing can be sent. */
  readonly flaggedNumbers: FlaggedNumbers
  readonly handoffs: Handoffs
  readonly #options: ConversationsOptions
  readonly #addresses: AddressBook
  readonly #replicas: Replicas

  constructor(options: ConversationsOptions) {
    this.#options = options
    this.#addresses = new AddressBook(options.redis, options.prefix)
    this.optOuts = new OptOuts(options.redis, options.prefix)
    this.flaggedNumbers = new FlaggedNumbers(options.redis, options.prefix)
    const { redis, lanes, minReplicas: least } = options
    const { replicatedKey } = this.optOuts
    const keyOf = (shard: number) => (shard === OPT_OUTS ? replicatedKey : `${lanes.shardKeys(shard).tag}:replicated`)
    this.#replicas = new Replicas({ redis, least, keyOf })
    this.handoffs = new Handoffs(options, this.#replicas)
  }

  /** The lanes of webhooks for the business. */
  get webhooks(): WebhookLanes {
    return this.#options.webhooks
  }

  /** What is known of replicas that are asked for and not there; undefined when nothing is missing. */
  get missingReplicas(): string | undefined {
    return this.#replicas.missing
  }

  /**
   * Begins a conversation on the web.
   * @param byVisitor who is unknown: until they say something it is kept for hours only, and not listed
   */
  async openWeb(
    input: Omit<Origin, 'channel' | 'participant'>,
    { byVisitor = false }: { byVisitor?: boolean } = {},
  ): Promise<Conversation> {
    const { lanes, shards, prefix, routes } = this.#options
    const id = newConversationId(shards)
    const origin: Origin = { ...input, channel: 'web', participant: id }
    const now = Date.now()
    const settings = settingsOf(routes.current, origin, this.#options)
    // Its chat is closed before it goes.
    const closedBy = Math.ceil(settings.autoCloseAfterMs / 1_000) + 3_600
    const keptSeconds = byVisitor ? Math.max(EMPTY_KEPT_SECONDS, closedBy) : undefined
    const item: ConversationItem = { kind: 'open', ...(keptSeconds !== undefined && { keptSeconds }) }
    const effects = beginEffects(prefix, id, origin, now, keptSeconds)
    this.#replicas.demand(shardOfConversation(id))
    // Only a greeting makes it worth opening the chat before anything was said.
    if (settings.greeting === 'show') await lanes.add(id, { id: 'open', data: JSON.stringify(item), effects })
    else await this.#write(effects)
    await this.#replicas.confirm(shardOfConversation(id))
    return {
      ...origin,
      id,
      createdAt: now,
      lastActivityAt: now,
      knownLength: 0,
      certain: { length: 0, since: '' },
      closed: false,
      lost: [],
      links: [],
      untold: [],
    }
  }

  /** Takes in a message of an existing conversation. */
  async accept(conversation: Conversation, message: IncomingMessage): Promise<Acceptance> {
    return this.#accept(conversation.id, conversation, message, [], {}, conversation.ledgerSize)
  }

  /** The addresses of a conversation with linked ones live as long as it does, from whichever its participant writes. */
  async keepAddresses(conversation: Conversation): Promise<void> {
    const { links } = conversation
    if (links.length === 0) return
    const all = [addressOf(conversation), ...links].filter(({ channel }) => channel !== 'web')
    await Promise.all(all.map((address) => this.#addresses.keep(address)))
  }

  /** Takes in a message from an address, and begins the conversation with it if there is none. */
  async acceptFrom(origin: Origin, said: IncomingMessage & { key: string }): Promise<AcceptanceFrom> {
    const address = addressOf(origin)
    const holder = await this.#holderOf(address)
    const ours = holder.ours || this.#options.routes.current.routeOfSender(origin.participant) !== undefined
    const { id, known, linked } = holder
    const taken = await this.#takenBefore(holder.before, said.key)
    if (taken) return taken
    const message = ours ? fromOurselves(said) : await tellOfFiles(this.#options, id, said)
    const begin = known || linked ? [] : beginEffects(this.#options.prefix, id, origin, Date.now())
    const contested = holder.before.length > 0
    const way = { key: message.key, ...(linked && { via: address }), ...(contested && { contested }) }
    const acceptance = await this.#accept(id, origin, message, begin, way)
    this.#addresses.confirm(address, holder)
    if (origin.sender !== undefined) await this.#addresses.noteService(origin.sender, origin.messagingServiceSid)
    const { dropped: reason } = message
    const took = reason !== undefined && acceptance.status === 'accepted'
    return { ...(took ? { ...acceptance, status: 'dropped', reason } : acceptance), conversationId: id }
  }

  /** Whether a message with this sender's id was accepted from that address, as far as is remembered: for 24 hours. */
  async hasSeen(origin: Omit<Origin, 'agentId'>, key: string): Promise<boolean> {
    const holder = await this.#addresses.find(addressOf(origin))
    if (!holder) return false
    return (
      (await this.#options.lanes.hasSeen(holder.id, key)) || (await this.#takenBefore(holder.before, key)) !== undefined
    )
  }

  /**
   * From now on messages from an address of the participant come into this conversation as well, and not into the one that
   * they came into before; see {@link linkAddress}.
   * @param address theirs, and the one of ours that they write to
   */
  async link(conversation: Conversation, address: ReplyAddress): Promise<Linked | { status: 'opted_out' }> {
    const { redis, prefix, lanes } = this.#options
    const parts = { redis, prefix, lanes, addresses: this.#addresses }
    const link = await withService(parts, address)
    if (await this.optOuts.has(pairOf(link))) return { status: 'opted_out' }
    this.#replicas.demand(shardOfConversation(conversation.id))
    const linked = await linkAddress(parts, conversation, link)
    if (linked.status !== 'linked') return linked
    await redis.publish(conversationKeys(prefix, conversation.id).live, MOVED + nameOf(link))
    const touched = [conversation.id, ...(linked.left === undefined ? [] : [linked.left])]
    await Promise.all(touched.map((id) => this.#replicas.confirm(shardOfConversation(id))))
    return linked
  }

  /** Hears from now on of addresses that other processes linked: what is known of them is asked for again. */
  hearOfLinks(subscriber: LaneRedis): void {
    subscriber.on('message', (_channel: string, message: string) => {
      if (message.startsWith(MOVED)) this.#addresses.forget(message.slice(MOVED.length))
    })
  }

  /** The conversation that has an address now. */
  holderOf(address: ReplyAddress): Promise<Holder | undefined> {
    return this.#addresses.look(address)
  }

  /**
   * Takes in, once, a message that another conversation hands on.
   * @param from the conversation and the message's entry there
   * @param as those as which it was taken in first
   */
  async acceptFurther(
    to: Conversation,
    address: ReplyAddress,
    message: Omit<IncomingMessage, 'print'>,
    { from, as }: { from: string; as: string },
  ): Promise<'accepted' | 'full'> {
    const linked = nameOf(address) !== nameOf(addressOf(to))
    const { key = from } = message
    const way = { contested: true, as, ...(message.key !== undefined && { key }), ...(linked && { via: address }) }
    const once = (id: string) => this.#accept(to.id, originOf(address), { ...message, key: id, print: from }, [], way)
    let { status } = await once(key)
    // It took in the same message itself, which finds out in its turn that it is another's to be said.
    if (status === 'conflict') ({ status } = await once(from))
    return status === 'full' ? 'full' : 'accepted'
  }

  /**
   * Of several that have the same message of a person, one may say it: the first to ask.
   * @param key the sender's id
   * @param as the conversation and the entry as which the message was taken in
   */
  async claim(key: string, as: string): Promise<boolean> {
    const { redis, prefix } = this.#options
    const held = await redis.set(`${prefix}:claim:${key}`, as, 'PX', SEEN_MS, 'NX', 'GET')
    return held === null || held === as
  }

  /** The Messaging Services of one of our addresses, by the messages that were taken in. */
  servicesOf(sender: string): Promise<Services> {
    return this.#addresses.servicesOf(sender)
  }

  /** Changes, now, what the conversation's chats begin with; for one that is open see `updateLiveChat`. */
  async update({ id }: Conversation, patch: ConversationPatch): Promise<Updated> {
    this.#replicas.demand(shardOfConversation(id))
    const updated = await updateConversation(this.#options, id, patch)
    await this.#replicas.confirm(shardOfConversation(id))
    return updated
  }

  /** Ends the conversation's chat after what is already queued. */
  async requestEnd(conversation: Conversation): Promise<void> {
    const item: ConversationItem = { kind: 'end' }
    this.#replicas.demand(shardOfConversation(conversation.id))
    await this.#options.lanes.add(conversation.id, { id: `end:${randomUUID()}`, data: JSON.stringify(item) })
    await this.#replicas.confirm(shardOfConversation(conversation.id))
    // It is stored, and comes to its turn without this as well, if later.
    await this.#gatherNoMore(conversation.id).catch(() => {})
  }

  /** Messages that only wait for more go on at once. */
  async #gatherNoMore(id: string): Promise<void> {
    const { redis, prefix, lanes } = this.#options
    if ((await redis.hget(conversationKeys(prefix, id).record, 'gathers')) === '1') await lanes.hurry(id)
  }

  /** @throws UnreadableRecordError */
  async find(id: string): Promise<Conversation | undefined> {
    if (!isConversationId(id)) return undefined
    return readConversation(this.#options.redis, this.#options.prefix, id)
  }

  /** Conversations by their last activity, newest first: shard by shard, or all of one participant's. */
  list(query: ConversationQuery): Promise<ConversationPage> {
    const { redis, prefix, lanes, routes } = this.#options
    const parts = { addresses: this.#addresses, routes: routes.current }
    const { shards } = lanes
    return listConversations({ redis, prefix, shards, conversationsOf: (one) => conversationsOf(parts, one) }, query)
  }

  /** Items that wait in the conversation's lane, the one that is being done included. */
  waiting(conversation: Conversation): Promise<number> {
    return this.#options.lanes.waiting(conversation.id)
  }

  /** Writes to a person first, or goes on in the conversation with them. */
  sendOut(message: OutboundMessage): Promise<SentOut> {
    const { optOuts, flaggedNumbers } = this
    const parts = { ...this.#options, addresses: this.#addresses, replicas: this.#replicas, optOuts, flaggedNumbers }
    const find = (id: string) => this.find(id)
    return sendOut({ ...parts, find, holderOf: (address) => this.#holderOf(address) }, message)
  }

  /** Whether nothing may be sent to where the conversation's answers go. */
  async isOptedOut(conversation: Conversation): Promise<boolean> {
    const address = replyAddress(conversation)
    return address.channel !== 'web' && this.optOuts.has(pairOf(address))
  }

  /** The pairs of a person and those of our senders whose messages they want no more, see {@link optOutPairs}. */
  optOutPairs(person: Recipient, from: string | undefined): Promise<Pair[] | undefined> {
    const { routes } = this.#options
    return optOutPairs({ routes, servicesOf: (sender) => this.servicesOf(sender) }, person, from)
  }

  /** Records, now, that a person wants no more messages. False: that was known. */
  async optOut(pair: Pair, by: OptOutBy): Promise<boolean> {
    const changed = await this.optOuts.add(pair, by)
    await this.#replicas.confirm(OPT_OUTS)
    return changed
  }

  /** Lifts, now, what {@link optOut} or a STOP recorded. False: there was nothing. */
  async optIn(pair: Pair): Promise<boolean> {
    const changed = await this.optOuts.remove(pair)
    await this.#replicas.confirm(OPT_OUTS)
    return changed
  }

  /** The messages behind an entry of the ledger, oldest first, each with its present status. */
  messages(id: string, after: string, limit: number): Promise<MessagePage> {
    return readMessages(this.#options.redis, this.#options.prefix, id, after, limit)
  }

  /** Notes that the other side ended a chat: no later message goes to it. False when it is none of the conversation's. */
  async noteChatEnded(id: string, chatId: string): Promise<boolean> {
    const conversation = await this.find(id)
    return conversation !== undefined && noteChatEnded(this.#options, conversation, chatId)
  }

  /** Notes what UponAI made of one of the conversation's chats. */
  async noteChatAnalyzed(id: string, chat: Chat): Promise<'noted' | 'duplicate' | 'no_analysis' | 'unknown'> {
    const conversation = await this.find(id)
    return conversation === undefined ? 'unknown' : noteChatAnalyzed(this.#options, conversation, chat)
  }

  /**
   * Notes what a provider said of one of our messages; that it took a part is kept for the delivery, which may never have
   * heard.
   * @param about the conversation, or its id
   */
  async noteDelivery(about: Conversation | string, message: string, news: News): Promise<Noted | 'unknown'> {
    if (!isEntryId(message)) return 'unknown'
    const conversation = typeof about === 'string' ? await this.find(about) : about
    return conversation === undefined ? 'unknown' : noteNews(this.#options, conversation, message, news)
  }

  async #accept(
    id: string,
    origin: Omit<Origin, 'agentId'>,
    { text: given, key, print: named, profile, media, reply, dropped, optOut }: IncomingMessage,
    begin: Effect[],
    way: Way = {},
    size?: Conversation['ledgerSize'],
  ): Promise<Acceptance> {
    const { prefix, lanes, deliveries, routes, mostWaiting, webhooks } = this.#options
    const keys = conversationKeys(prefix, id)
    const now = Date.now()
    const text = wellFormed(given)
    const line = lineFields(origin, way)
    const from = line && { sender: line.to, participant: line.from }
    const message = { kind: 'message', text, ...way, ...from, ...(profile && { profile }) } as const
    const item: ConversationItem = dropped === undefined ? message : { kind: 'noted', ...(optOut && { optOut }) }
    const closeAfter = settingsOf(routes.current, origin, this.#options).autoCloseAfterMs
    const print = digestOf(named ?? text)
    const become =
      dropped === undefined ? { status: 'queued' as const } : { status: 'dropped' as const, reason: dropped }
    const entry = { kind: 'message', role: 'user', text, channel: origin.channel, ...become } as const
    const activity: Effect[] = [
      ...changeEffects(prefix, id, {
        last: now,
        closed: '',
        reply: way.via ? JSON.stringify(way.via) : '',
        ...line,
      }),
      // An earlier deadline stands: the answer sets it anew, and who comes to it before that finds that it is too early.
      ...(closeAfter > 0 ? [['ZADD', keys.closing, 'NX', now + closeAfter, id] as const] : []),
    ]
    const effects: Effect[] = [
      ledgerEffect(prefix, id, { ...entry, ...(media && { media }) }),
      ...(begin.length > 0 ? begin : keepEffects(prefix, id, now)),
      ...wroteEffects(prefix, id, origin.participant, now),
      ...(dropped === undefined ? activity : changeEffects(prefix, id, line ?? {})),
      ...ledgerBudgetEffects(prefix, id, size, [text]),
    ]
    const place = effects.length
    const telling = reply === undefined ? undefined : { text: reply, confirms: optOut?.to === 'out' }
    const told = telling && tellAtOnce({ deliveries, prefix, id, place }, origin, telling)
    if (told) effects.push(told.effect)
    this.#replicas.demand(shardOfConversation(id))
    const added = await lanes.add(id, {
      data: JSON.stringify(item),
      // What asks nothing of the agent does not add to what waits for it; that there is a bound is enough.
      most: dropped === undefined ? mostWaiting : 2 * mostWaiting,
      ...(key !== undefined && { dedupe: { id: key, forMs: SEEN_MS, print } }),
      effects: [...effects, ['PUBLISH', keys.live, id]],
      adds: [...(told ? [told.add] : []), ...reports(webhooks, id, origin, effects)],
    })
    const stored = added.status === 'full' ? undefined : this.#replicas.confirm(shardOfConversation(id))
    // Here, so that it need not wait for its turn; there once more, should this process not get to it.
    await Promise.all([stored, optOut && this.#changeOptOut(optOut, added.status === 'full' ? undefined : added.id)])
    if (added.status === 'full') return { status: 'full' }
    if (added.status === 'added') return { status: 'accepted', messageId: added.id }
    return added.print === print ? { status: 'duplicate', messageId: added.id } : { status: 'conflict' }
  }

  async #changeOptOut(change: OptOutChange, asOf: string | undefined): Promise<void> {
    await this.optOuts.apply(change, asOf)
    await this.#replicas.confirm(OPT_OUTS)
  }

  async #write(effects: readonly Effect[]): Promise<void> {
    await writeTogether(this.#options.redis, effects)
  }

  /** The conversation of an address, and a new one for an address that has none. */
  async #holderOf(address: ReplyAddress) {
    const newId = () => newConversationId(this.#options.shards)
    for (;;) {
      const holder = await this.#addresses.conversationOf(address, newId)
      if (holder.known || !holder.linked || (await this.find(holder.id))) return holder
      // What it was linked to is not kept any more.
      const gone = await this.#addresses.look(address)
      if (gone?.id === holder.id) await this.#addresses.give(address, gone, { id: newId(), linked: false })
    }
  }

  /** A message that was taken in while its address belonged to another conversation. */
  async #takenBefore(before: Holder['before'], key: string) {
    for (const [id] of before) {
      const seen = await this.#options.lanes.seen(id, key)
      if (seen) return { status: 'duplicate' as const, messageId: seen.id, conversationId: id }
    }
    return undefined
  }
}

/** Our own senders are never answered: two of them would go on without end. */
function fromOurselves({ reply: _, ...message }: IncomingMessage & { key: string }): IncomingMessage & { key: string } {
  return { ...message, dropped: 'own_address' }
}

/**
 * The fields of a record that follow a message. The participant may write to several numbers of a Messaging Service, each time
 * another one, and from several addresses that are one identity; the number may also have joined the service since the
 * conversation began, and opt-outs are the service's.
 */
function lineFields(
  { channel, participant, sender, messagingServiceSid: service, ownLine }: Omit<Origin, 'agentId'>,
  { via }: Way,
) {
  if (via !== undefined || sender === undefined) return undefined
  if (service === undefined && !hasSpellings(participant)) return undefined
  return {
    ch: channel,
    from: participant,
    to: sender,
    ...(service !== undefined && { service }),
    ...(ownLine && { own: 1 }),
  }
}

/** Says on the live channel that an address, by its name, belongs to another conversation now. */
const MOVED = 'moved '

/** How a message came, as its item remembers it. */
type Way = Pick<MessageItem, 'key' | 'via' | 'contested' | 'as'>
