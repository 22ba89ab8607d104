import { createHash } from 'node:crypto'
import type { LaneRedis } from '@chatlane/lanes'
import { LRUCache } from 'lru-cache'
import { KEPT_SECONDS } from './keys.ts'

/** Which conversation an address belongs to. A conversation keeps its address for good, so what is known stays true. */
export class AddressBook {
  readonly #redis: LaneRedis
  readonly #prefix: string
  /** Addresses whose conversation was seen to exist; short-lived, so that an address in use begins its time to live anew. */
  readonly #known = new LRUCache<string, string>({ max: 50_000, ttl: 3_600_000 })
  /** Our addresses with the Messaging Service that each was seen to belong to; empty: none. */
  readonly #services = new Map<string, string>()

  constructor(redis: LaneRedis, prefix: string) {
    this.#redis = redis
    this.#prefix = prefix
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
    const key = this.#servicesKey
    await (service === '' ? this.#redis.hdel(key, sender) : this.#redis.hset(key, sender, service))
    this.#services.set(sender, service)
  }

  /** The Messaging Service that one of our addresses was last seen to belong to. */
  async serviceOf(sender: string): Promise<string | undefined> {
    return (await this.#redis.hget(this.#servicesKey, sender)) ?? undefined
  }

  get #servicesKey(): string {
    return `${this.#prefix}:services`
  }

  #keyOf(address: string): string {
    const digest = createHash('sha256').update(address).digest('base64url').slice(0, 22)
    return `${this.#prefix}:address:${digest}`
  }
}
