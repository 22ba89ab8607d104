import type { DeadLetter, Effect, Lanes } from '@chatlane/lanes'
import { conversationItem } from './items.ts'
import { conversationKeys, isConversationId, shardOfConversation } from './keys.ts'
import { ledgerEffect } from './ledger.ts'

/** An item of a conversation that was given up. */
export interface ConversationDeadLetter {
  /** Opaque; fit for a URL. */
  id: string
  conversationId: string
  /** The item's id; for a message its entry in the ledger. */
  itemId: string
  /** What was to be done: `message`, `open`, `close`, `end`. */
  kind: string
  /** A message's text. */
  text?: string
  /** A short stable code. */
  reason: string
  /** What went wrong last, in words. */
  detail: string
  /** Tries that were spent. */
  tries: number
  at: Date
}

/** The dead letters of the conversations' lanes. */
export class ConversationDeadLetters {
  readonly #lanes: Lanes
  readonly #prefix: string

  constructor(lanes: Lanes, prefix: string) {
    this.#lanes = lanes
    this.#prefix = prefix
  }

  /** The newest first. */
  async list(limit: number): Promise<ConversationDeadLetter[]> {
    const letters = await this.#lanes.deadLetters.list(limit)
    return letters.slice(0, limit).map(present)
  }

  /** Puts an item at the end of its lane again; a message's id stays. Undefined when there is no such dead letter. */
  async replay(id: string): Promise<ConversationDeadLetter | undefined> {
    const place = this.#placeOf(id)
    const letter = place && (await this.#lanes.deadLetters.get(place.lane, place.item))
    if (!letter) return undefined
    const shown = present(letter)
    const effects = shown.kind === 'message' ? this.#queuedAgain(letter) : []
    return (await this.#lanes.deadLetters.replay(letter.lane, letter.id, effects)) ? shown : undefined
  }

  /** False when there is no such dead letter. */
  async remove(id: string): Promise<boolean> {
    const place = this.#placeOf(id)
    return place !== undefined && (await this.#lanes.deadLetters.remove(place.lane, place.item))
  }

  #queuedAgain({ lane, id }: DeadLetter): Effect[] {
    const entry = { kind: 'status' as const, message: id, status: 'queued' as const }
    return [ledgerEffect(this.#prefix, lane, entry), ['PUBLISH', conversationKeys(this.#prefix, lane).live, lane]]
  }

  #placeOf(id: string): { lane: string; item: string } | undefined {
    const [, lane, item] = /^([^/]+)\/(.+)$/s.exec(Buffer.from(id, 'base64url').toString()) ?? []
    if (lane === undefined || item === undefined || !isConversationId(lane)) return undefined
    return shardOfConversation(lane) < this.#lanes.shards ? { lane, item } : undefined
  }
}

function present({ lane, id, data, reason, detail, tries, at }: DeadLetter): ConversationDeadLetter {
  const item = conversationItem.parse(JSON.parse(data))
  return {
    id: Buffer.from(`${lane}/${id}`).toString('base64url'),
    conversationId: lane,
    itemId: id,
    kind: item.kind,
    ...(item.kind === 'message' && { text: item.text }),
    reason,
    detail,
    tries,
    at: new Date(at),
  }
}
