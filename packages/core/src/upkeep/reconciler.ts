import type { LaneRedis } from '@chatlane/lanes'
import type { Logger } from '../logging/logger.ts'
import { isRedisUnavailable } from '../redis/unavailable.ts'

/** What a deployment keeps in Redis besides people's messages, and does not work without. */
export const RECONCILED = ['upstream_mark', 'shard_count', 'closing_schedule'] as const

export type Reconciled = (typeof RECONCILED)[number]

/** Looks whether it is as it must be, and puts it right. @returns true when it was wrong */
export type Check = () => Promise<boolean>

export interface ReconcilerOptions {
  redis: LaneRedis
  checks: Readonly<Partial<Record<Reconciled, Check>>>
  logger: Logger
  /** Told of each repair, to count it. */
  onRepair: (what: Reconciled) => void
  /** Default 2 s. */
  everyMs?: number
}

const REPAIRED: Record<Reconciled, string> = {
  upstream_mark:
    'the mark that keeps sandboxes and live deployments apart was missing in Redis and was set again: was Redis emptied?',
  closing_schedule:
    'the delayed job that closes inactive chats was missing or due at a wrong time, and was scheduled anew: were keys deleted in Redis, or is the clock of a worker wrong?',
  shard_count:
    'the number of shards was missing in Redis, or too low, and was written again: was Redis emptied or restored?',
}

/**
 * Looks again and again at what is written once and must be there ever after: somebody may empty Redis, restore an old copy,
 * delete a key or set a clock. Every process looks; the first one that finds something wrong repairs it.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions
  readonly #timer: NodeJS.Timeout
  #looking: Promise<void> | undefined

  constructor(options: ReconcilerOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.look(), options.everyMs ?? 2_000)
  }

  /** One look at everything, unless one is under way. */
  look(): Promise<void> {
    this.#looking ??= this.#lookAtAll().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  /** A look that is under way comes to its end, or fails with the connection. */
  stop(): void {
    clearInterval(this.#timer)
  }

  async #lookAtAll(): Promise<void> {
    const { redis, checks, logger, onRepair } = this.#options
    for (const what of RECONCILED) {
      // With Redis away looks would only wait for it.
      if (redis.status !== 'ready') return
      try {
        if (!(await checks[what]?.())) continue
        onRepair(what)
        logger.warn({ event: 'repaired', what }, REPAIRED[what])
      } catch (error) {
        if (!isRedisUnavailable(error)) logger.warn({ err: error, what }, 'a check of what must be in Redis failed')
      }
    }
  }
}
