import { createHash } from 'node:crypto'
import type { LaneRedis } from '@chatlane/lanes'
import { LRUCache } from 'lru-cache'
import { onBreak } from '../redis/breaks.ts'
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

/**
 * Which conversation an address belongs to. A conversation keeps its address for good, so what is known stays true, for as
 * long as Redis keeps what it acknowledged: nobody can know that of a connection that broke.
 */
export class AddressBook {
  readonly #redis: LaneRedis
  readonly #prefix: string
  /**
   * Addresses whose conversation was seen to exist; forgotten an hour after they were learnt, however often they are used, so
   * that an address in use begins its time to live in Redis anew.
   */
  readonly #known = new LRUCache<string, string>({ max: 50_000, ttl: 3_600_000, noUpdateTTL: true })
  /** Our addresses with the Messaging Service that each was seen to belong to; empty: none. */
  readonly #services = new LRUCache<string, string>({ max: 50_000, ttl: SERVICE_KNOWN_MS, noUpdateTTL: true })

  constructor(redis: LaneRedis, prefix: string) {
    this.#redis = redis
    this.#prefix = prefix
    onBreak(redis, () => {
      this.#known.clear()
      this.#services.clear()
    })
  }

  /** The address's conversation: the one it has, or a new one that this call gave it. */
  async conversationOf(address: string, newId: () => string): Promise<{ id: string; known: boolean }> {
    const known = this.#known.get(address)
    if (known !== undefined) return { id: known, known: true }
    const key = this.#keyOf(address)
    const id = newId()
    const before = await this.#redis.set(key, id, 'EX', KEPT_SECONDS, 'NX', 'GET')
    if (before !== null) await this.#redis.expire(key, KEPT_SECONDS)
    return { id: before ?? id, known: false }
  }

  /** The address's conversation, if it has one. */
  async find(address: string): Promise<string | undefined> {
    return this.#known.get(address) ?? (await this.#redis.get(this.#keyOf(address))) ?? undefined
  }

  /** The address's conversation is stored. */
  confirm(address: string, id: string): void {
    this.#known.set(address, id)
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
    const digest = createHash('sha256').update(address).digest('base64url').slice(0, 22)
    return `${this.#prefix}:address:${digest}`
  }
}
