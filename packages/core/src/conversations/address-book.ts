import { randomUUID } from 'node:crypto'
import type { LaneRedis } from '@chatlane/lanes'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { spellingsOf } from '../identity/identity.ts'
import { onBreak } from '../redis/breaks.ts'
import { digestOf } from './digest.ts'
import { KEPT_SECONDS } from './keys.ts'
import { nameOf, olderNamesOf, type ReplyAddress } from './reply-address.ts'

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
  /** Empty when it lies under an {@link olderNamesOf | older name} only. */
  stored: string
}

/** How long an older name is kept once its conversation is found by the present one: longer than a rolling upgrade. */
const OLDER_KEPT_SECONDS = 3_600

/** That messages come to an address of ours is noted once a day. */
const NOTED_AGAIN_MS = 24 * 3_600_000

/** A number to which nothing came for so long may be somebody else's by now: 30 days. */
const OURS_MS = 30 * NOTED_AGAIN_MS

/** What was seen of an address that is not to be remembered: {@link AddressBook.confirm} ignores it. */
const NOT_KNOWN = -1

/** What {@link AddressBook.conversationOf} found. */
export interface Found extends Holder {
  /** The conversation was seen to exist. */
  known: boolean
  /** The address is one of our own. */
  ours: boolean
  /** For {@link AddressBook.confirm}. */
  asOf: number
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
   */
  async conversationOf(address: ReplyAddress, newId: () => string): Promise<Found> {
    const name = nameOf(address)
    const known = this.#known.get(name)
    if (known !== undefined) return { ...known, known: true, ours: false, asOf: this.#forgotten }
    const key = this.#keyOf(name)
    const id = newId()
    const asOf = this.#forgotten
    const [stored, older, ours] = await Promise.all([
      this.#redis.set(key, id, 'EX', KEPT_SECONDS, 'NX', 'GET'),
      this.#older(address),
      this.#isOurs(address.to),
    ])
    // What is remembered of an address is that it is a person's.
    const seen = { known: false, ours, asOf: ours ? NOT_KNOWN : asOf }
    if (stored !== null) await this.#redis.expire(key, KEPT_SECONDS)
    const entry = parseEntry(stored ?? id)
    if (older === undefined || older === stored) return { ...entry, ...seen }
    await this.#retire(address)
    // Another process may be at the next line with a message of the same person: what the address has is asked for again.
    if (stored !== null) return { ...entry, ...seen, asOf: NOT_KNOWN }
    const adopted = await this.#redis.eval(GIVE, 1, key, id, older, KEPT_SECONDS)
    return adopted === 1 ? { ...parseEntry(older), ...seen } : this.conversationOf(address, newId)
  }

  /** Whether messages came to an address of late, so that it is a sender of ours. */
  async #isOurs(address: string): Promise<boolean> {
    const stored = await this.#redis.hmget(this.#servicesKey, ...spellingsOf(address))
    return stored.some((one) => one !== null && Date.now() - seenAt(one) < OURS_MS)
  }

  /** The older names go soon; until then processes of the version before find the conversation by them. */
  async #retire(address: ReplyAddress): Promise<void> {
    const names = olderNamesOf(address)
    await Promise.all(names.map((name) => this.#redis.expire(this.#keyOf(name), OLDER_KEPT_SECONDS, 'LT')))
  }

  /** What lies under an older name of the address. */
  async #older(address: ReplyAddress): Promise<string | undefined> {
    const names = olderNamesOf(address)
    if (names.length === 0) return undefined
    const stored = await Promise.all(names.map((name) => this.#redis.get(this.#keyOf(name))))
    return stored.find((one) => one !== null) ?? undefined
  }

  /** The address's conversation, if it has one, as far as this process knows. */
  async find(address: ReplyAddress): Promise<Holder | undefined> {
    return this.#known.get(nameOf(address)) ?? this.look(address)
  }

  /** The same, as it is now. */
  async look(address: ReplyAddress): Promise<Entry | undefined> {
    const [stored, older] = await Promise.all([this.#redis.get(this.#keyOf(nameOf(address))), this.#older(address)])
    if (stored !== null) return parseEntry(stored)
    return older === undefined ? undefined : { ...parseEntry(older), stored: '' }
  }

  /**
   * Gives an address to another conversation, or to the same one again.
   * @param from what {@link look} found; undefined: nothing
   * @returns false when that does not hold any more
   */
  async give(address: ReplyAddress, from: Entry | undefined, to: Pick<Holder, 'id' | 'linked'>): Promise<boolean> {
    const { id, linked } = to
    const left = new Map(from === undefined ? [] : [...from.before, [from.id, Date.now()]])
    left.delete(id)
    const stored = JSON.stringify({ id, linked, before: recent([...left]).slice(0, MOST_BEFORE), mark: randomUUID() })
    const name = nameOf(address)
    const given = await this.#redis.eval(GIVE, 1, this.#keyOf(name), from?.stored ?? '', stored, KEPT_SECONDS)
    this.forget(name)
    return given === 1
  }

  /** The conversation is stored that {@link conversationOf} gave. */
  confirm(address: ReplyAddress, { id, linked, before, asOf }: Holder & { asOf: number }): void {
    if (asOf === this.#forgotten) this.#known.set(nameOf(address), { id, linked, before })
  }

  /** Another conversation may have the address of that name by now. */
  forget(name: string): void {
    this.#forgotten++
    this.#known.delete(name)
  }

  /** A linked address lives as long as its conversation, wherever that goes on. */
  async keep(address: ReplyAddress): Promise<void> {
    const name = nameOf(address)
    if (this.#kept.has(name)) return
    const names = [name, ...olderNamesOf(address)]
    await Promise.all(names.map((one) => this.#redis.expire(this.#keyOf(one), KEPT_SECONDS)))
    this.#kept.set(name, true)
  }

  /** Notes the Messaging Service through which a message to one of our addresses came. */
  async noteService(sender: string, service = ''): Promise<void> {
    if (this.#services.get(sender) === service) return
    const stored = await this.#redis.hget(this.#servicesKey, sender)
    const { now = '', before = '' } = parseServices(stored ?? '')
    // One that belongs to none is noted too: it is a sender of ours.
    if (stored === null || now !== service || Date.now() - seenAt(stored) > NOTED_AGAIN_MS) {
      const last = now === service ? before : now || before
      await this.#redis.hset(this.#servicesKey, sender, `${service} ${last} ${Date.now()}`)
    }
    this.#services.set(sender, service)
  }

  /** The Messaging Services of one of our addresses, by the messages that were taken in. */
  async servicesOf(sender: string): Promise<Services> {
    return parseServices((await this.#redis.hget(this.#servicesKey, sender)) ?? '')
  }

  /** Our addresses that messages came to, with their Messaging Services. */
  async senders(): Promise<Map<string, Services>> {
    const stored = await this.#redis.hgetall(this.#servicesKey)
    return new Map(Object.entries(stored).map(([sender, services]) => [sender, parseServices(services)]))
  }

  get #servicesKey(): string {
    return `${this.#prefix}:services`
  }

  #keyOf(name: string): string {
    const digest = digestOf(name)
    return `${this.#prefix}:address:${digest}`
  }
}

/** When a message came to one of our addresses, ms, to the day; 0 where earlier versions did not note it. */
function seenAt(stored: string): number {
  return Number(stored.split(' ')[2]) || 0
}

function parseServices(stored: string): Services {
  const [now, before] = stored.split(' ')
  return { ...(now && { now }), ...(before && { before }) }
}

function parseEntry(stored: string): Entry {
  if (!stored.startsWith('{')) return { id: stored, linked: false, before: [], stored }
  const { id, linked, before } = moved.parse(JSON.parse(stored))
  return { id, linked, before: recent(before), stored }
}

function recent(before: Holder['before']): Holder['before'] {
  return before.filter(([, at]) => at > Date.now() - REPEATS_MS)
}
