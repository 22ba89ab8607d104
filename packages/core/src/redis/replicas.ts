import type { Cluster, Redis } from 'ioredis'
import { ChatlaneError } from '../errors/chatlane-error.ts'
import { onBreak } from './breaks.ts'

/** Longest wait for replicas. What else this connection is asked waits as well meanwhile, so it is short. */
const waitMs = 1000

/** Time between two looks whether missing replicas are back, and how long such a look may hold up the connection. */
const lookEveryMs = 1000
const lookMs = 50

interface Waiting {
  /** How often the connection had broken when the write was answered. */
  breaks: number
  resolve: () => void
  reject: (error: unknown) => void
}

export interface ReplicasOptions {
  /** The connection that writes: Redis waits for one connection's writes only. */
  redis: Redis | Cluster
  /** Replicas that must have a write; 0: nobody is asked. */
  least: number
  /** A key of a shard that may be written, in the shard's hash slot. */
  keyOf: (shard: number) => string
}

/**
 * Has writes confirmed by replicas (`WAIT`). One round per shard is under way at a time; who comes meanwhile joins the next.
 * After a failed round everything is refused at once, before it is written, until the replicas are back.
 *
 * A confirmation must be asked for in the tick in which the write's answer came: then the write and its confirmation are of
 * one connection. When it breaks in between, the next one may lead to another master, which never had the write.
 */
export class Replicas {
  readonly #options: ReplicasOptions
  readonly #waiting = new Map<number, Waiting[]>()
  #breaks = 0
  #missing: string | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(options: ReplicasOptions) {
    this.#options = options
    // It may be another Redis than before, and the replicas still be on their way to it.
    if (options.least > 0) options.redis.on('ready', () => void this.#look(0))
    onBreak(options.redis, () => {
      this.#breaks++
    })
  }

  /** What is known to be missing since the last round; undefined when nothing is. */
  get missing(): string | undefined {
    return this.#missing
  }

  /** @throws ChatlaneError `REDIS_NOT_REPLICATED` when it is known that a write would not be confirmed */
  demand(): void {
    if (this.#missing !== undefined) throw notReplicated(`${this.#missing}; nothing was stored`)
  }

  /**
   * Resolves when the replicas have everything that this connection wrote to the shard.
   * @throws ChatlaneError `REDIS_NOT_REPLICATED` when they have not within a second: it is stored, but can be lost
   */
  confirm(shard: number): Promise<void> {
    if (this.#options.least === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(shard)
      const mine = { breaks: this.#breaks, resolve, reject }
      if (waiting) waiting.push(mine)
      else {
        this.#waiting.set(shard, [mine])
        void this.#rounds(shard)
      }
    })
  }

  async #rounds(shard: number): Promise<void> {
    for (let batch = this.#waiting.get(shard); batch && batch.length > 0; batch = this.#waiting.get(shard)) {
      this.#waiting.set(shard, [])
      try {
        await this.#round(shard, waitMs)
        for (const { breaks, resolve, reject } of batch) {
          if (breaks === this.#breaks) resolve()
          else reject(notReplicated('the connection to Redis broke before replicas could confirm a write'))
        }
      } catch (error) {
        const behind = this.#waiting.get(shard) ?? []
        this.#waiting.delete(shard)
        for (const { reject } of [...batch, ...behind]) reject(error)
        if (isNotReplicated(error)) this.#lookLater(shard, error.message)
        return
      }
    }
    this.#waiting.delete(shard)
  }

  /** In one pipeline with a write of the shard: a cluster then asks the node that has the shard. */
  async #round(shard: number, ms: number): Promise<void> {
    const { redis, least, keyOf } = this.#options
    const answers = await redis.pipeline().set(keyOf(shard), Date.now()).wait(least, ms).exec()
    for (const [error] of answers ?? []) if (error) throw error
    const have = Number(answers?.[1]?.[1] ?? 0)
    if (have < least) throw notReplicated(`expected ${least} replicas to have what is written, ${have} have it`)
  }

  async #look(shard: number): Promise<void> {
    try {
      await this.#round(shard, lookMs)
      this.#missing = undefined
    } catch (error) {
      // Without an answer nothing is known: as before.
      const missing = isNotReplicated(error) ? error.message : this.#missing
      if (missing !== undefined) this.#lookLater(shard, missing)
    }
  }

  #lookLater(shard: number, missing: string): void {
    this.#missing = missing
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#look(shard), lookEveryMs).unref()
  }
}

const notReplicated = (message: string) =>
  new ChatlaneError('REDIS_NOT_REPLICATED', message, { retryAfterMs: lookEveryMs })

/** Whether fewer replicas than asked for have what was written. */
export function isNotReplicated(error: unknown): error is ChatlaneError {
  return error instanceof ChatlaneError && error.code === 'REDIS_NOT_REPLICATED'
}
