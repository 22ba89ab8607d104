import type { RedisWatch } from '@chatlane/core'

/** Whoever asked longer ago than this does not watch us. */
const WATCHED_MS = 15_000

/** Longest wait for the watchers to see that the process is stopping. */
const MOST_NOTICE_MS = 2_500

/** Whether this process should be sent requests. */
export class Readiness {
  readonly #redis: Pick<RedisWatch, 'problem'>
  readonly #missing: () => string | undefined
  #draining = false
  /** When it was last asked, and the time from the one before to then, ms. */
  #asked = { at: 0, gap: Number.POSITIVE_INFINITY }

  /** @param missing what else is known to be missing; undefined when nothing is */
  constructor(redis: Pick<RedisWatch, 'problem'>, missing: () => string | undefined = () => undefined) {
    this.#redis = redis
    this.#missing = missing
  }

  /** The process is stopping. */
  drain(): void {
    this.#draining = true
  }

  get draining(): boolean {
    return this.#draining
  }

  /**
   * How long it takes until everybody who asks again and again (a load balancer) has heard that the process is stopping, ms;
   * 0 when nobody does.
   */
  get noticeMs(): number {
    const { at, gap } = this.#asked
    if (Date.now() - at > WATCHED_MS || gap > WATCHED_MS) return 0
    return Math.min(gap * 2 + 100, MOST_NOTICE_MS)
  }

  /** What keeps the process from working, asked from outside; undefined when nothing does. */
  async problem(): Promise<string | undefined> {
    if (this.#draining) return 'the process is stopping'
    const now = Date.now()
    this.#asked = { at: now, gap: now - this.#asked.at }
    return (await this.#redis.problem()) ?? this.#missing()
  }
}
