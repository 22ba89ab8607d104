import { randomUUID } from 'node:crypto'
import type { LaneRedis } from '@chatlane/lanes'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { onBreak } from '../redis/breaks.ts'
import { digestOf } from './digest.ts'
import { KEPT_SECONDS } from './keys.ts'

/** For so long a process believes what it saw last of our addresses' Messaging Services: others see messages as well. */
const SERVICE_KNOWN_MS = 60_000

/** The Messaging Services that one of our addresses was seen to belong to. */
export interface Services {
  /** Undefined: it belongs to none. */
  now?: string
  /** The one before. */
  before?: string
}

/** For so long a message may come again that a conversation took in to which the address belonged before. */
const REPEATS_MS = 24 * 3_600_000

/**
 * Of the conversations that an address belonged to within that time, the first ones are remembered: what the others took in
 * is known to be contested.
 */
const MOST_BEFORE = 10

/** The conversation that an address belongs to. */
export interface Holder {
  id: string
  /** The address was linked to it; else it began with the address. */
  linked: boolean
  /** The conversations that the address belonged to within the last day, the first one first, and when it left them, ms. */
  before: readonly [id: string, at: number][]
}

/** A holder as Redis has it; {@link AddressBook.give} wants to know it. */
export interface Entry extends Holder {
  stored: string
}

/** An address that was ever given to another conversation; else the id stands by itself. */
const moved = z.object({
  id: z.string(),
  linked: z.boolean(),
  before: z.array(z.tuple([z.string(), z.number()])),
  /** No two are alike: what was read before a change is refused after it. */
  mark: z.string(),
})

/** Changes an address's conversation, unless another did so meanwhile. ARGV: what is there ('' = nothing), what shall be, seconds. */
const GIVE = `
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1`

/**
 * Which conversation an address belongs to. A conversation keeps its address until that is linked to another one. Processes
 * that have not heard of it go on with what they know, for up to an hour, and the conversation hands on what still comes.
 * What is known is forgotten with a connection that broke: Redis may have lost what it acknowledged.
 */
export class AddressBook {
  readonly #redis: LaneRedis
  readonly #prefix: string
  /**
   * Addresses whose conversation was seen to exist; forgotten an hour after they were learnt, however often they are used, so
   * that an address in use begins its time to live in Redis anew.
   */
  readonly #known = new LRUCache<string, Holder>({ max: 50_000, ttl: 3_600_000, noUpdateTTL: true })
  /** Linked addresses whose time to live was begun anew. */
  readonly #kept = new LRUCache<string, true>({ max: 50_000, ttl: 3_600_000, noUpdateTTL: true })
  /** How often something known was found not to hold any more. */
  #forgotten = 0
  /** Our addresses with the Messaging Service that each was seen to belong to; empty: none. */
  readonly #services = new LRUCache<string, string>({ max: 50_000, ttl: SERVICE_KNOWN_MS, noUpdateTTL: true })

  constructor(redis: LaneRedis, prefix: string) {
    this.#redis = redis
    this.#prefix = prefix
    onBreak(redis, () => {
      this.#known.clear()
      this.#forgotten++
      this.#services.clear()
    })
  }

  /**
   * The address's conversation: the one it has, or a new one that this call gave it.
   * @returns with `known`, whether the conversation was seen to exist, and `asOf` for {@link confirm}
   */
  async conversationOf(address: string, newId: () => string): Promise<Holder & { known: boolean; asOf: number }> {
    const known = this.#known.get(address)
    if (known !== undefined) return { ...known, known: true, asOf: this.#forgotten }
    const key = this.#keyOf(address)
    const id = newId()
    const asOf = this.#forgotten
    const stored = await this.#redis.set(key, id, 'EX', KEPT_SECONDS, 'NX', 'GET')
    if (stored !== null) await this.#redis.expire(key, KEPT_SECONDS)
    return { ...parseEntry(stored ?? id), known: false, asOf }
  }

  /** The address's conversation, if it has one, as far as this process knows. */
  async find(address: string): Promise<Holder | undefined> {
    return this.#known.get(address) ?? this.look(address)
  }

  /** The same, as it is now. */
  async look(address: string): Promise<Entry | undefined> {
    const stored = await this.#redis.get(this.#keyOf(address))
    return stored === null ? undefined : parseEntry(stored)
  }

  /**
   * Gives an address to another conversation, or to the same one again.
   * @param from what {@link look} found; undefined: nothing
   * @returns false when that does not hold any more
   */
  async give(address: string, from: Entry | undefined, to: Pick<Holder, 'id' | 'linked'>): Promise<boolean> {
    const { id, linked } = to
    const left = new Map(from === undefined ? [] : [...from.before, [from.id, Date.now()]])
    left.delete(id)
    const stored = JSON.stringify({ id, linked, before: recent([...left]).slice(0, MOST_BEFORE), mark: randomUUID() })
    const given = await this.#redis.eval(GIVE, 1, this.#keyOf(address), from?.stored ?? '', stored, KEPT_SECONDS)
    this.forget(address)
    return given === 1
  }

  /** The conversation is stored that {@link conversationOf} gave. */
  confirm(address: string, { id, linked, before, asOf }: Holder & { asOf: number }): void {
    if (asOf === this.#forgotten) this.#known.set(address, { id, linked, before })
  }

  /** Another conversation may have the address by now. */
  forget(address: string): void {
    this.#forgotten++
    this.#known.delete(address)
  }

  /** A linked address lives as long as its conversation, wherever that goes on. */
  async keep(address: string): Promise<void> {
    if (this.#kept.has(address)) return
    await this.#redis.expire(this.#keyOf(address), KEPT_SECONDS)
    this.#kept.set(address, true)
  }

  /** Notes the Messaging Service through which a message to one of our addresses came. */
  async noteService(sender: string, service = ''): Promise<void> {
    if (this.#services.get(sender) === service) return
    const { now = '', before = '' } = await this.servicesOf(sender)
    if (now !== service) await this.#redis.hset(this.#servicesKey, sender, `${service} ${now || before}`)
    this.#services.set(sender, service)
  }

  /** The Messaging Services of one of our addresses, by the messages that were taken in. */
  async servicesOf(sender: string): Promise<Services> {
    const [now, before] = ((await this.#redis.hget(this.#servicesKey, sender)) ?? '').split(' ')
    return { ...(now && { now }), ...(before && { before }) }
  }

  get #servicesKey(): string {
    return `${this.#prefix}:services`
  }

  #keyOf(address: string): string {
    const digest = digestOf(address)
    return `${this.#prefix}:address:${digest}`
  }
}

function parseEntry(stored: string): Entry {
  if (!stored.startsWith('{')) return { id: stored, linked: false, before: [], stored }
  const { id, linked, before } = moved.parse(JSON.parse(stored))
  return { id, linked, before: recent(before), stored }
}

function recent(before: Holder['before']): Holder['before'] {
  return before.filter(([, at]) => at > Date.now() - REPEATS_MS)
}
