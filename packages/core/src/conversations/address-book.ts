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

  constructor(redis: LaneRedis, prefix: string) {
    this.#redis = redis
    this.#prefix = prefix
  }

  /** The address's conversation: the one it has, or a new one that this call gave it. */
  async conversationOf(address: string, newId: () => string): Promise<{ id: string; known: boolean }> {
    const known = this.#known.get(address)
    if (known !== undefined) return { id: known, known: true }
    const digest = createHash('sha256').update(address).digest('base64url').slice(0, 22)
    const key = `${this.#prefix}:address:${digest}`
    const id = newId()
    const before = await this.#redis.set(key, id, 'EX', KEPT_SECONDS, 'NX', 'GET')
    if (before !== null) await this.#redis.expire(key, KEPT_SECONDS)
    return { id: before ?? id, known: false }
  }

  /** The address's conversation is stored. */
  confirm(address: string, id: string): void {
    this.#known.set(address, id)
  }
}
