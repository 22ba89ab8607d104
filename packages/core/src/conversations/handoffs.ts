import { randomUUID } from 'node:crypto'
import type { Effect, LaneRedis, Lanes } from '@chatlane/lanes'
import { deliveryOf } from '../channels/twilio/delivery-of.ts'
import type { Replicas } from '../redis/replicas.ts'
import { writeTogether } from '../redis/write-together.ts'
import type { RoutesHolder } from '../routing/holder.ts'
import { wellFormed } from '../text/well-formed.ts'
import { type Conversation, changeEffects, keepEffects } from './conversation.ts'
import { digestOf } from './digest.ts'
import { handOffEffects, resumeEffects } from './handoff-fields.ts'
import { conversationKeys, shardOfConversation } from './keys.ts'
import { ledgerEffect } from './ledger.ts'
import { type Mark, readMark, writeOnce } from './once.ts'
import { replyAddress } from './reply-address.ts'
import { type SettingDefaults, settingsOf } from './settings.ts'

/** How long the operator's id of a reply is remembered. */
const SEEN_MS = 24 * 3_600_000

export interface HandoffsOptions extends SettingDefaults {
  redis: LaneRedis
  prefix: string
  /** The lanes of outgoing messages. */
  deliveries: Lanes
  routes: RoutesHolder
}

/** What became of an operator's reply. */
export type Reply =
  /** Durable; on a channel that sends, in its place among what is sent. */
  | { status: 'accepted' | 'duplicate'; messageId: string; shown: 'queued' | 'delivered' }
  /** The id was used before, with another text. */
  | { status: 'conflict' }
  /** The agent has the conversation. */
  | { status: 'not_handed_off' }

/** Takes conversations from their agents, to be answered by an operator, and gives them back. */
export class Handoffs {
  readonly #options: HandoffsOptions
  readonly #replicas: Replicas

  constructor(options: HandoffsOptions, replicas: Replicas) {
    this.#options = options
    this.#replicas = replicas
  }

  /**
   * Gives a conversation to an operator. When this resolves no completion begins for it any more; one that is on record as
   * begun is answered as ever. Harmless when an operator has it.
   */
  async begin(conversation: Conversation): Promise<void> {
    const { redis, prefix } = this.#options
    const { id } = conversation
    this.#replicas.demand(shardOfConversation(id))
    if (conversation.hand === undefined) {
      const [last] = await redis.xrevrange(conversationKeys(prefix, id).ledger, '+', '-', 'COUNT', 1)
      await writeTogether(redis, [
        ...handOffEffects(prefix, id, last?.[0] ?? '0'),
        ...this.#shown(id, 'handed_off'),
        ...keepEffects(prefix, id, conversation.lastActivityAt),
      ])
    }
    await this.#replicas.confirm(shardOfConversation(id))
  }

  /**
   * Gives a conversation back to its agent, who goes on with the next message. Harmless when the agent has it.
   * @param tellAgent the agent is told of what was said meanwhile, together with that message
   */
  async end(conversation: Conversation, { tellAgent }: { tellAgent: boolean }): Promise<void> {
    const { redis, prefix } = this.#options
    const { id } = conversation
    this.#replicas.demand(shardOfConversation(id))
    const { hand } = conversation
    if (hand !== undefined) {
      const now = Date.now()
      // Once for each time that an operator had it: whoever comes late does not end another one's.
      const mark = { key: this.#markOf(id, `resume:${hand}`), print: '', forMs: SEEN_MS }
      await writeOnce(redis, mark, [
        ...this.#shown(id, 'resumed'),
        ...resumeEffects(prefix, conversation, tellAgent),
        ...changeEffects(prefix, id, { last: now }),
        ...keepEffects(prefix, id, now),
        ...this.#deadline(conversation, now),
      ])
    }
    await this.#replicas.confirm(shardOfConversation(id))
  }

  /**
   * Sends an operator's text to the participant, behind what is on its way already.
   * @param key the operator's id for the reply, if there is one: a repeat is known by it
   */
  async reply(conversation: Conversation, { text: given, key }: { text: string; key?: string }): Promise<Reply> {
    const text = wellFormed(given)
    const { prefix } = this.#options
    const { id } = conversation
    const { channel } = replyAddress(conversation)
    const shown = channel === 'web' ? 'delivered' : 'queued'
    const print = digestOf(text)
    this.#replicas.demand(shardOfConversation(id))
    const before = key === undefined ? undefined : await this.#before(id, key)
    if (before === undefined && conversation.hand === undefined) return { status: 'not_handed_off' }
    const now = Date.now()
    const effects = [
      ledgerEffect(prefix, id, { kind: 'message', role: 'agent', by: 'operator', text, channel, status: shown }),
      ...changeEffects(prefix, id, { last: now }),
      ...keepEffects(prefix, id, now),
      ['PUBLISH', conversationKeys(prefix, id).live, id] as const,
    ]
    const done = before ?? (await this.#write(conversation, text, key ?? randomUUID(), print, effects))
    await this.#replicas.confirm(shardOfConversation(id))
    if (done.print !== print) return { status: 'conflict' }
    return { status: 'status' in done && done.status === 'done' ? 'accepted' : 'duplicate', messageId: done.id, shown }
  }

  /** The participant may have gone on from another channel since the reply was made. */
  async #before(id: string, key: string): Promise<Mark | undefined> {
    const { redis, deliveries } = this.#options
    const [onWeb, sent] = await Promise.all([
      readMark(redis, this.#markOf(id, replyKey(key))),
      deliveries.seen(id, replyKey(key)),
    ])
    return onWeb ?? sent
  }

  async #write(
    conversation: Conversation,
    text: string,
    key: string,
    print: string,
    effects: readonly Effect[],
  ): Promise<Mark & { status: 'done' | 'duplicate' }> {
    const { redis, deliveries, routes } = this.#options
    const { id } = conversation
    const item = deliveryOf({ role: 'agent', by: 'operator', text }, replyAddress(conversation), routes.current)
    if (!item) return writeOnce(redis, { key: this.#markOf(id, replyKey(key)), print, forMs: SEEN_MS }, effects)
    const dedupe = { id: replyKey(key), forMs: SEEN_MS, print }
    const added = await deliveries.add(id, { data: JSON.stringify(item), dedupe, effects })
    if (added.status === 'full') throw new Error('a lane without a limit is full')
    if (added.status === 'added') return { status: 'done', id: added.id, print }
    return { status: 'duplicate', id: added.id, print: added.print }
  }

  #markOf(id: string, what: string): string {
    return `${conversationKeys(this.#options.prefix, id).once}${id}:${what}`
  }

  #shown(id: string, status: 'handed_off' | 'resumed'): Effect[] {
    const { prefix } = this.#options
    return [
      ledgerEffect(prefix, id, { kind: 'conversation', status }),
      ['PUBLISH', conversationKeys(prefix, id).live, id],
    ]
  }

  /** From now on the chat may be inactive again. */
  #deadline(conversation: Conversation, now: number): Effect[] {
    const { prefix, routes } = this.#options
    const { autoCloseAfterMs } = settingsOf(routes.current, conversation, this.#options)
    if (conversation.chatId === undefined || autoCloseAfterMs === 0) return []
    return [['ZADD', conversationKeys(prefix, conversation.id).closing, now + autoCloseAfterMs, conversation.id]]
  }
}

/** Apart from other senders' ids. */
const replyKey = (key: string) => `reply:${key}`
