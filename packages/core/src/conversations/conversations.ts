import { createHash, randomUUID } from 'node:crypto'
import type { Effect, LaneRedis, Lanes } from '@chatlane/lanes'
import { Replicas } from '../redis/replicas.ts'
import type { RoutesHolder } from '../routing/holder.ts'
import { AddressBook, type Services } from './address-book.ts'
import {
  beginEffects,
  type Conversation,
  changeEffects,
  keepEffects,
  type Origin,
  parseConversation,
} from './conversation.ts'
import type { ConversationItem } from './items.ts'
import { conversationKeys, isConversationId, newConversationId, shardOfConversation } from './keys.ts'
import { foldItems, isEntryId, type LedgerItem, ledgerEffect, statusEffects } from './ledger.ts'
import { type ConversationQuery, listConversations } from './list.ts'
import { readLedger } from './read-ledger.ts'
import { settingsOf } from './settings.ts'
import { type News, newsEffects, parseTold, toldKey, wholeStatus } from './told.ts'

/** How long the sender's id of a message is remembered: Twilio's signature carries no time, so this is the defence against replays too. */
const SEEN_MS = 24 * 3_600_000

/** Unanswered messages that a conversation may have. */
export const MOST_WAITING = 100

export interface ConversationsOptions {
  redis: LaneRedis
  prefix: string
  /** The conversations' lanes. */
  lanes: Lanes
  /** Over how many shards new conversations are spread. */
  shards: number
  routes: RoutesHolder
  /** For routes that do not say; 0 = never. */
  autoCloseAfterMs: number
  /** Replicas that must have a message before it counts as accepted. */
  minReplicas: number
  /** Messages that may wait unanswered in one conversation. */
  mostWaiting: number
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

/** The conversations as the api sees them: begins them, takes messages in, and shows what became of them. */
export class Conversations {
  readonly #options: ConversationsOptions
  readonly #addresses: AddressBook
  readonly #replicas: Replicas

  constructor(options: ConversationsOptions) {
    this.#options = options
    this.#addresses = new AddressBook(options.redis, options.prefix)
    const { redis, lanes, minReplicas: least } = options
    this.#replicas = new Replicas({ redis, least, keyOf: (shard) => `${lanes.shardKeys(shard).tag}:replicated` })
  }

  /** What is known of replicas that are asked for and not there; undefined when nothing is missing. */
  get missingReplicas(): string | undefined {
    return this.#replicas.missing
  }

  /** Begins a conversation on the web. */
  async openWeb(input: Omit<Origin, 'channel' | 'participant'>): Promise<Conversation> {
    const { lanes, shards, prefix, routes, autoCloseAfterMs } = this.#options
    const id = newConversationId(shards)
    const origin: Origin = { ...input, channel: 'web', participant: id }
    const now = Date.now()
    const settings = settingsOf(routes.current, origin, autoCloseAfterMs)
    const item: ConversationItem = { kind: 'open' }
    const effects = beginEffects(prefix, id, origin, now)
    this.#replicas.demand()
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
    }
  }

  /**
   * Takes in a message of an existing conversation.
   * @param key the sender's id for the message, if there is one
   */
  async accept(conversation: Conversation, message: { text: string; key?: string }): Promise<Acceptance> {
    return this.#accept(conversation.id, conversation, message, [])
  }

  /** Takes in a message from an address, and begins the conversation with it if there is none. */
  async acceptFrom(
    origin: Origin,
    message: { text: string; key: string },
  ): Promise<Acceptance & { conversationId: string }> {
    const { prefix, shards } = this.#options
    const address = addressOf(origin)
    const { id, known } = await this.#addresses.conversationOf(address, () => newConversationId(shards))
    const begin = known ? [] : beginEffects(prefix, id, origin, Date.now())
    const acceptance = await this.#accept(id, origin, message, begin)
    this.#addresses.confirm(address, id)
    if (origin.sender !== undefined) await this.#addresses.noteService(origin.sender, origin.messagingServiceSid)
    return { ...acceptance, conversationId: id }
  }

  /** Whether a message with this sender's id was accepted from that address, as far as is remembered: for 24 hours. */
  async hasSeen(origin: Origin, key: string): Promise<boolean> {
    const id = await this.#addresses.find(addressOf(origin))
    return id !== undefined && (await this.#options.lanes.hasSeen(id, key))
  }

  /** The Messaging Services of one of our addresses, by the messages that were taken in. */
  servicesOf(sender: string): Promise<Services> {
    return this.#addresses.servicesOf(sender)
  }

  /** Ends the conversation's chat after what is already queued. */
  async requestEnd(conversation: Conversation): Promise<void> {
    const item: ConversationItem = { kind: 'end' }
    this.#replicas.demand()
    await this.#options.lanes.add(conversation.id, { id: `end:${randomUUID()}`, data: JSON.stringify(item) })
    await this.#replicas.confirm(shardOfConversation(conversation.id))
  }

  async find(id: string): Promise<Conversation | undefined> {
    if (!isConversationId(id)) return undefined
    const { redis, prefix } = this.#options
    return parseConversation(id, await redis.hgetall(conversationKeys(prefix, id).record))
  }

  /** Conversations by their last activity, shard by shard, newest first. */
  list(query: ConversationQuery): Promise<{ conversations: Conversation[]; next?: string }> {
    return listConversations(this.#options.redis, this.#options.prefix, this.#options.lanes.shards, query)
  }

  /** Items that wait in the conversation's lane, the one that is being done included. */
  waiting(conversation: Conversation): Promise<number> {
    return this.#options.lanes.waiting(conversation.id)
  }

  /** The messages behind an entry of the ledger, oldest first, each with its present status. */
  async messages(id: string, after: string, limit: number): Promise<{ items: LedgerItem[]; next?: string }> {
    const items = foldItems(await readLedger(this.#options.redis, this.#options.prefix, id))
    const from = items.findIndex((item) => isBehind(item.id, after))
    if (from === -1) return { items: [] }
    const page = items.slice(from, from + limit)
    const last = page.at(-1)
    return { items: page, ...(from + limit < items.length && last && { next: last.id }) }
  }

  /** Notes that the other side ended a chat: no later message goes to it. False when it is none of the conversation's. */
  async noteChatEnded(id: string, chatId: string): Promise<boolean> {
    const conversation = await this.find(id)
    if (!conversation) return false
    // Late news of an earlier chat must not cover up that the present one is over. While a chat is being made none is present.
    if (conversation.chatId !== undefined && chatId !== conversation.chatId) return false
    await this.#write(changeEffects(this.#options.prefix, id, { over: chatId }))
    return true
  }

  /**
   * Notes what a provider said of one of our messages; that it took a part is kept for the delivery, which may never have
   * heard.
   */
  async noteDelivery(id: string, message: string, news: News): Promise<'noted' | 'duplicate' | 'unknown'> {
    const { prefix, redis } = this.#options
    if (!isEntryId(message) || !(await this.find(id))) return 'unknown'
    const key = toldKey(prefix, id, message)
    const told = parseTold(await redis.hgetall(key))
    if (told.news.has(news.once)) return 'duplicate'
    const { reason, parts = 1 } = news
    const status = wholeStatus(told, news)
    await this.#write([
      ...newsEffects(key, news),
      ...(status ? statusEffects(prefix, id, message, status, reason) : []),
    ])
    if (parts === 1) return 'noted'
    // News of another part may have come between the reading and the writing: then neither saw that it was the last one.
    const now = wholeStatus(parseTold(await redis.hgetall(key)), news)
    if (now && now !== status) await this.#write(statusEffects(prefix, id, message, now, reason))
    return 'noted'
  }

  async #accept(
    id: string,
    origin: Pick<Origin, 'channel' | 'sender' | 'messagingServiceSid' | 'publicKey'>,
    { text, key }: { text: string; key?: string },
    begin: Effect[],
  ): Promise<Acceptance> {
    const { prefix, lanes, routes, autoCloseAfterMs, mostWaiting } = this.#options
    const keys = conversationKeys(prefix, id)
    const now = Date.now()
    const item: ConversationItem = { kind: 'message', text }
    const closeAfter = settingsOf(routes.current, origin, autoCloseAfterMs).autoCloseAfterMs
    const print = createHash('sha256').update(text).digest('base64url').slice(0, 22)
    this.#replicas.demand()
    const added = await lanes.add(id, {
      data: JSON.stringify(item),
      most: mostWaiting,
      ...(key !== undefined && { dedupe: { id: key, forMs: SEEN_MS, print } }),
      effects: [
        ledgerEffect(prefix, id, { kind: 'message', role: 'user', text, channel: origin.channel, status: 'queued' }),
        ...(begin.length > 0 ? begin : keepEffects(prefix, id, now)),
        ...changeEffects(prefix, id, { last: now, closed: '' }),
        ...(closeAfter > 0 ? [['ZADD', keys.closing, now + closeAfter, id] as const] : []),
        ['PUBLISH', keys.live, id],
      ],
    })
    if (added.status === 'full') return { status: 'full' }
    await this.#replicas.confirm(shardOfConversation(id))
    if (added.status === 'added') return { status: 'accepted', messageId: added.id }
    return added.print === print ? { status: 'duplicate', messageId: added.id } : { status: 'conflict' }
  }

  async #write(effects: readonly Effect[]): Promise<void> {
    const pipeline = this.#options.redis.multi()
    for (const [command, key, ...args] of effects) pipeline.call(command, key, ...args)
    await pipeline.exec()
  }
}

/** What an address's conversation is found by. All senders of a Messaging Service are one to the participant. */
function addressOf({ channel, messagingServiceSid, sender, participant }: Origin): string {
  return [channel, messagingServiceSid ?? sender ?? '', participant].join('\n')
}

/** True when entry `id` comes after entry `after` in a ledger. */
function isBehind(id: string, after: string): boolean {
  const [ms = 0, seq = 0] = id.split('-').map(Number)
  const [afterMs = 0, afterSeq = 0] = after.split('-').map(Number)
  return ms > afterMs || (ms === afterMs && seq > afterSeq)
}
