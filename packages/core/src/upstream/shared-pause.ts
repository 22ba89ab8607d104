import type { LaneRedis } from '@chatlane/lanes'

/** How often a process looks whether another one was told to wait. */
const LOOK_EVERY_MS = 250

/** The key that lasts as long as the pause that a provider asked for. */
export function pauseKey(prefix: string, provider: string): string {
  return `${prefix}:pause:${provider}`
}

export interface SharedPauseOptions {
  redis: LaneRedis
  prefix: string
  provider: 'uponai' | 'twilio' | 'webhooks'
  onError: (error: unknown) => void
}

/**
 * A pause that a provider asked of one of us, kept by every process of the deployment. It lies in Redis as a key that
 * expires, so that no two clocks have to agree; the others know of it within a quarter of a second.
 */
export class SharedPause {
  readonly #options: SharedPauseOptions
  readonly #key: string
  readonly #timer: NodeJS.Timeout
  #until = 0

  /** Looks into Redis from now on, until {@link stop}. */
  constructor(options: SharedPauseOptions) {
    this.#options = options
    this.#key = pauseKey(options.prefix, options.provider)
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS)
  }

  /** How long the pause still lasts, ms; 0: there is none. */
  get remainingMs(): number {
    return Math.max(0, this.#until - Date.now())
  }

  /** Begins a pause, or makes the present one longer; here at once, elsewhere when Redis has it. */
  hold(askedMs: number): void {
    const ms = Math.max(Math.ceil(askedMs), 1)
    this.#until = Math.max(this.#until, Date.now() + ms)
    const { redis, onError } = this.#options
    redis
      .set(this.#key, '1', 'PX', ms, 'NX')
      .then(() => redis.pexpire(this.#key, ms, 'GT'))
      .catch(onError)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    const { redis, onError } = this.#options
    // With Redis away nothing is called for anyhow, and looks would only pile up.
    if (redis.status !== 'ready') return
    try {
      const left = await redis.pttl(this.#key)
      if (left > 0) this.#until = Math.max(this.#until, Date.now() + left)
    } catch (error) {
      onError(error)
    }
  }
}
