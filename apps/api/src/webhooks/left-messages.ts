import type { connectRedis } from '@chatlane/core'

/** How long after a look that left messages the next one begins: full conversations take a while to be answered. */
const AGAIN_MS = 2 * 60_000

/**
 * Since when there are messages that were found and not taken, because their conversations were full. Kept in Redis, for
 * whichever api looks next; written only by the one that has the lock.
 */
export class LeftMessages {
  readonly #redis: ReturnType<typeof connectRedis>
  readonly #key: string

  constructor(redis: ReturnType<typeof connectRedis>, key: string) {
    this.#redis = redis
    this.#key = key
  }

  /** From when on the next look lists, ms; undefined while it is not due, or nothing is left. */
  async due(): Promise<number | undefined> {
    const { from, again } = await this.#read()
    return from === undefined || again > Date.now() ? undefined : from
  }

  /** A look on its way to the present left messages, the first of which was sent at this time. */
  async add(first: number): Promise<void> {
    const known = await this.#read()
    if (known.from === undefined) await this.#write({ from: first, again: Date.now() + AGAIN_MS })
    // Else the look that is due comes past it.
    else if (first < known.from) await this.#write({ first: Math.min(first, known.first ?? first) })
  }

  /**
   * A due look listed everything up to a time, and left messages from `first` on. One that did not get to the present goes on
   * from there at once, so that what is left early on does not keep it from what comes later; then it begins anew.
   */
  async looked(until: number, first: number | undefined, toTheEnd: boolean): Promise<void> {
    const known = await this.#read()
    const firsts = [first, known.first].filter((one) => one !== undefined)
    const oldest = firsts.length === 0 ? undefined : Math.min(...firsts)
    await this.#redis.del(this.#key)
    if (!toTheEnd) await this.#write({ from: until, again: Date.now(), ...(oldest !== undefined && { first: oldest }) })
    else if (oldest !== undefined) await this.#write({ from: oldest, again: Date.now() + AGAIN_MS })
  }

  async #read(): Promise<{ from?: number; first?: number; again: number }> {
    const { from, first, again } = await this.#redis.hgetall(this.#key)
    return {
      ...(from !== undefined && { from: Number(from) }),
      ...(first !== undefined && { first: Number(first) }),
      again: Number(again ?? 0),
    }
  }

  async #write(fields: Record<string, number>): Promise<void> {
    await this.#redis.hset(this.#key, fields)
  }
}
