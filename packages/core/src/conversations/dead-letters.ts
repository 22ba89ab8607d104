import { type DeadLetter, type Effect, type LaneRedis, type Lanes, newestFirst, type Place } from '@chatlane/lanes'
import { againNow } from '../webhooks/item.ts'
import {
  type ConversationDeadLetter,
  type DeadLetterInContext,
  type LaneSetName,
  placeOf,
  present,
  readDeliveryNote,
} from './dead-letter.ts'
import { messageOf } from './items.ts'
import { conversationKeys, shardOfConversation } from './keys.ts'
import { foldItems, ledgerEffect } from './ledger.ts'
import { readLastMessages } from './read-ledger.ts'

export interface DeadLettersOptions {
  redis: LaneRedis
  prefix: string
  /** The conversations' lanes. */
  lanes: Lanes
  /** The lanes of outgoing messages. */
  deliveries: Lanes
  /** The lanes of webhooks for the business. */
  webhooks: Lanes
}

/** Which dead letters are meant; what is left out means all. */
export interface DeadLetterFilter {
  reason?: string
  kind?: string
  conversationId?: string
}

export interface DeadLetterQuery extends DeadLetterFilter {
  limit: number
  /** From the page before. */
  cursor?: string
}

export type Replayed =
  | { status: 'replayed'; letter: ConversationDeadLetter }
  /** It may have taken effect; without `force` it stays where it is. */
  | { status: 'may_repeat'; letter: ConversationDeadLetter }
  /** What was to be done cannot be read; it can only be removed. */
  | { status: 'unreadable'; letter: ConversationDeadLetter }
  /** There is no such dead letter (any more). */
  | { status: 'not_found' }

const LANE_SETS = ['turns', 'deliveries', 'webhooks'] as const satisfies LaneSetName[]

/** Dead letters read at a time. */
const PAGE = 50

/** Of a list's texts, in characters: one of long texts has fewer letters than were asked for. */
const LONGEST_LIST = 1_000_000

/** Messages shown around a dead letter. */
const CONTEXT = 10

interface Found {
  set: LaneSetName
  letter: DeadLetter
  shown: ConversationDeadLetter
}

/** The dead letters of conversations: messages and other items of their own lanes, deliveries, and webhooks. */
export class ConversationDeadLetters {
  readonly #redis: LaneRedis
  readonly #prefix: string
  readonly #sets: Record<LaneSetName, Lanes>

  constructor({ redis, prefix, lanes, deliveries, webhooks }: DeadLettersOptions) {
    this.#redis = redis
    this.#prefix = prefix
    this.#sets = { turns: lanes, deliveries, webhooks }
  }

  /** The newest first; `next` is there when there may be more. */
  async list(query: DeadLetterQuery): Promise<{ letters: ConversationDeadLetter[]; next?: string }> {
    const letters: ConversationDeadLetter[] = []
    let characters = 0
    for await (const { letter, shown } of this.#find(query, parseCursor(query.cursor))) {
      letters.push(shown)
      characters += shown.text?.length ?? 0
      if (letters.length === query.limit || characters >= LONGEST_LIST) return { letters, next: cursorOf(letter) }
    }
    return { letters }
  }

  /** Undefined when there is no such dead letter. */
  async get(id: string): Promise<DeadLetterInContext | undefined> {
    const found = await this.#get(id)
    if (!found) return undefined
    const entries = await readLastMessages(this.#redis, this.#prefix, found.letter.lane, CONTEXT)
    return { ...found.shown, messages: foldItems(entries) }
  }

  /**
   * Puts an item at the end of its lane again, under its id and with all its tries; a message counts as queued again.
   * @param force even if it may have taken effect
   */
  async replay(id: string, { force = false } = {}): Promise<Replayed> {
    const found = await this.#get(id)
    if (!found) return { status: 'not_found' }
    const { set, letter, shown } = found
    if (letter.unreadable) return { status: 'unreadable', letter: shown }
    if (shown.mayRepeat && !force) return { status: 'may_repeat', letter: shown }
    const part = set === 'deliveries' ? (readDeliveryNote(letter)?.part ?? 0) : 0
    const replayed = await this.#sets[set].deadLetters.replay(letter.lane, letter.id, {
      ...(part > 0 && { data: JSON.stringify({ ...JSON.parse(letter.data), part }) }),
      ...(set === 'webhooks' && { data: againNow(letter.data) }),
      effects: shown.messageId === undefined ? [] : this.#queuedAgain(letter),
    })
    return replayed ? { status: 'replayed', letter: shown } : { status: 'not_found' }
  }

  /**
   * Replays all that are there now, in the order in which they were given up: those of a conversation come back in order.
   * @returns how many were replayed, and how many were left because they may have taken effect
   */
  async replayAll(filter: DeadLetterFilter, options: { force?: boolean } = {}) {
    const count = { replayed: 0, mayRepeat: 0 }
    await this.#forAll(filter, async (id) => {
      const { status } = await this.replay(id, options)
      if (status === 'replayed') count.replayed++
      else if (status === 'may_repeat') count.mayRepeat++
    })
    return count
  }

  /** False when there is no such dead letter. */
  async remove(id: string): Promise<boolean> {
    const place = this.#placeOf(id)
    return place !== undefined && (await this.#sets[place.set].deadLetters.remove(place.lane, place.item))
  }

  /** Removes all that are there now; gives how many. */
  async removeAll(filter: DeadLetterFilter): Promise<number> {
    let removed = 0
    await this.#forAll(filter, async (id) => {
      if (await this.remove(id)) removed++
    })
    return removed
  }

  /** One after the other within a conversation, oldest first; conversations side by side. */
  async #forAll(filter: DeadLetterFilter, work: (id: string) => Promise<void>): Promise<void> {
    const all: { id: string; lane: string; item: string; at: number }[] = []
    for await (const { letter, shown } of this.#find(filter)) {
      all.push({ id: shown.id, lane: letter.lane, item: letter.id, at: letter.at })
    }
    all.sort((a, b) => a.at - b.at || byNumbers.compare(a.item, b.item))
    for (let i = 0; i < all.length; i += PAGE) {
      const lanes = Map.groupBy(all.slice(i, i + PAGE), ({ lane }) => lane)
      const done = [...lanes.values()].map(async (letters) => {
        for (const { id } of letters) await work(id)
      })
      await Promise.all(done)
    }
  }

  /** All lane sets' dead letters, newest first. */
  async *#find(filter: DeadLetterFilter, from?: Place): AsyncGenerator<Found> {
    // Of conversations on further shards only one of them may have been told.
    for (const set of [this.#sets.deliveries, this.#sets.webhooks]) set.grow(this.#sets.turns.shards)
    for (let behind = from; ; ) {
      const page = (await Promise.all(LANE_SETS.map((set) => this.#page(set, behind)))).flat()
      page.sort((a, b) => newestFirst(a.letter, b.letter))
      const whole = page.slice(0, PAGE)
      yield* whole.filter(({ shown }) => matches(shown, filter))
      behind = whole.at(-1)?.letter
      if (whole.length < PAGE) return
    }
  }

  async #page(set: LaneSetName, behind: Place | undefined): Promise<Found[]> {
    const letters = await this.#sets[set].deadLetters.list(PAGE, behind)
    return letters.map((letter) => ({ set, letter, shown: present(set, letter) }))
  }

  async #get(id: string): Promise<Found | undefined> {
    const place = this.#placeOf(id)
    const letter = place && (await this.#sets[place.set].deadLetters.get(place.lane, place.item))
    return letter && { set: place.set, letter, shown: present(place.set, letter) }
  }

  #placeOf(id: string) {
    const place = placeOf(id)
    return place && shardOfConversation(place.lane) < this.#sets.turns.shards ? place : undefined
  }

  #queuedAgain({ lane, id }: DeadLetter): Effect[] {
    const entry = { kind: 'status' as const, message: messageOf(id), status: 'queued' as const }
    return [ledgerEffect(this.#prefix, lane, entry), ['PUBLISH', conversationKeys(this.#prefix, lane).live, lane]]
  }
}

/** Items given up in the same millisecond: by the numbers in their ids. */
const byNumbers = new Intl.Collator('en', { numeric: true })

function matches(letter: ConversationDeadLetter, { reason, kind, conversationId }: DeadLetterFilter): boolean {
  return (
    (reason === undefined || reason === letter.reason) &&
    (kind === undefined || kind === letter.kind) &&
    (conversationId === undefined || conversationId === letter.conversationId)
  )
}

function cursorOf({ at, lane, id }: Place): string {
  return Buffer.from(`${at}/${lane}/${id}`).toString('base64url')
}

function parseCursor(cursor: string | undefined): Place | undefined {
  const [, at, lane, id] = CURSOR.exec(Buffer.from(cursor ?? '', 'base64url').toString()) ?? []
  return lane === undefined || id === undefined ? undefined : { at: Number(at), lane, id }
}

const CURSOR = /^(\d{1,16})\/([^/]+)\/(.+)$/s

/** True for a text that {@link ConversationDeadLetters.list} gave as `next`. */
export function isDeadLetterCursor(text: string): boolean {
  return parseCursor(text) !== undefined
}
