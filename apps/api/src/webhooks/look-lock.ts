import { randomUUID } from 'node:crypto'
import type { connectRedis } from '@chatlane/core'

/** The lock of a process that died is free again after that. */
const LOCK_MS = 60_000

/** Lets the holder's lock go on for so long, 0: ends it; another's is left alone. */
const KEEP = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0`

/** Held by the one api that looks for missed messages. */
export class LookLock {
  readonly #redis: ReturnType<typeof connectRedis>
  readonly #key: string
  readonly #me = randomUUID()
  #renewal: NodeJS.Timeout | undefined

  constructor(redis: ReturnType<typeof connectRedis>, key: string) {
    this.#redis = redis
    this.#key = key
  }

  /** False when another one has it. From then on it is renewed until it is released. */
  async take(): Promise<boolean> {
    if ((await this.#redis.set(this.#key, this.#me, 'PX', LOCK_MS, 'NX')) === null) return false
    this.#renewal = setInterval(() => this.#keep(LOCK_MS).catch(() => {}), LOCK_MS / 3)
    return true
  }

  async release(): Promise<void> {
    if (this.#renewal === undefined) return
    clearInterval(this.#renewal)
    this.#renewal = undefined
    // Away with Redis, it ends by itself.
    await this.#keep(0).catch(() => {})
  }

  async #keep(ms: number): Promise<void> {
    await this.#redis.eval(KEEP, 1, this.#key, this.#me, ms)
  }
}
