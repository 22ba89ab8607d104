import { checkRedis, type connectRedis } from '@chatlane/core'

/** Whether this process should be sent requests. */
export class Readiness {
  readonly #redis: ReturnType<typeof connectRedis>
  #draining = false

  constructor(redis: ReturnType<typeof connectRedis>) {
    this.#redis = redis
  }

  /** The process is stopping. */
  drain(): void {
    this.#draining = true
  }

  get draining(): boolean {
    return this.#draining
  }

  /** What keeps the process from working; undefined when nothing does. */
  async problem(): Promise<string | undefined> {
    if (this.#draining) return 'the process is stopping'
    if (this.#redis.status !== 'ready') return 'Redis cannot be reached'
    try {
      const { evicts } = await checkRedis(this.#redis)
      return evicts ? 'Redis may evict keys: expected maxmemory-policy noeviction' : undefined
    } catch {
      return 'Redis does not answer'
    }
  }
}
