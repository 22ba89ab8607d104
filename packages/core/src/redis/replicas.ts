import { Cluster, type Redis } from 'ioredis'
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
 * After a failed round everything of the shard is refused at once, before it is written, until the replicas are back.
 *
 * A confirmation must be asked for in the tick in which the write's answer came: then the write and its confirmation are of
 * one connection. When it breaks in between, the next one may lead to another master, which never had the write. In a cluster
 * a shard can get another master while all connections hold, so a round that another node confirmed than the one before
 * confirms nothing.
 */
export class Replicas {
  readonly #options: ReplicasOptions
  readonly #waiting = new Map<number, Waiting[]>()
  /** By shard, all one without a cluster: what a round found missing, and when it is looked again. */
  readonly #missing = new Map<number, { message: string; timer: NodeJS.Timeout }>()
  /** By shard, in a cluster: the node that confirmed last. */
  readonly #nodes = new Map<number, string>()
  #breaks = 0

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
    const [first] = this.#missing.values()
    return first?.message
  }

  /** @throws ChatlaneError `REDIS_NOT_REPLICATED` when it is known that a write to the shard would not be confirmed */
  demand(shard: number): void {
    const missing = this.#missing.get(this.#part(shard))
    if (missing) throw notReplicated(`${missing.message}; nothing was stored`)
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

  #part(shard: number): number {
    return this.#options.redis instanceof Cluster ? shard : 0
  }

  async #rounds(shard: number): Promise<void> {
    for (let batch = this.#waiting.get(shard); batch && batch.length > 0; batch = this.#waiting.get(shard)) {
      this.#waiting.set(shard, [])
      try {
        const sameNode = await this.#round(shard, waitMs)
        for (const { breaks, resolve, reject } of batch) {
          if (sameNode && breaks === this.#breaks) resolve()
          else
            reject(
              notReplicated('the connection to Redis broke, or the shard moved, before replicas could confirm a write'),
            )
        }
      } catch (error) {
        const behind = this.#waiting.get(shard) ?? []
        this.#waiting.delete(shard)
        for (const { reject } of [...batch, ...behind]) reject(error)
        if (isNotReplicated(error)) this.#lookLater(this.#part(shard), error.message)
        return
      }
    }
    this.#waiting.delete(shard)
  }

  /**
   * In one pipeline with a write of the shard: a cluster then asks the node that has the shard.
   * @returns false when it is another node than the last time, or is about to be
   */
  async #round(shard: number, ms: number): Promise<boolean> {
    const { redis, least, keyOf } = this.#options
    const pipeline = redis.pipeline().set(keyOf(shard), Date.now()).wait(least, ms)
    const answers = await (redis instanceof Cluster ? pipeline.cluster('MYID') : pipeline).exec()
    const refused = answers?.[0]?.[0]
    if (refused && /^(MOVED|ASK) /.test(refused.message)) {
      // A pipeline that was only refused in part is not sent to the right node; a command by itself is, and the next ones with it.
      await redis.set(keyOf(shard), Date.now())
      return false
    }
    for (const [error] of answers ?? []) if (error) throw error
    const have = Number(answers?.[1]?.[1] ?? 0)
    if (have < least) throw notReplicated(`expected ${least} replicas to have what is written, ${have} have it`)
    const node = String(answers?.[2]?.[1] ?? '')
    const before = this.#nodes.get(shard) ?? node
    this.#nodes.set(shard, node)
    return node === before
  }

  async #look(shard: number): Promise<void> {
    try {
      await this.#round(shard, lookMs)
      clearTimeout(this.#missing.get(shard)?.timer)
      this.#missing.delete(shard)
    } catch (error) {
      // Without an answer nothing is known: as before.
      const missing = isNotReplicated(error) ? error.message : this.#missing.get(shard)?.message
      if (missing !== undefined) this.#lookLater(shard, missing)
    }
  }

  #lookLater(shard: number, message: string): void {
    clearTimeout(this.#missing.get(shard)?.timer)
    const timer = setTimeout(() => void this.#look(shard), lookEveryMs).unref()
    this.#missing.set(shard, { message, timer })
  }
}

const notReplicated = (message: string) =>
  new ChatlaneError('REDIS_NOT_REPLICATED', message, { retryAfterMs: lookEveryMs })

/** Whether fewer replicas than asked for have what was written. */
export function isNotReplicated(error: unknown): error is ChatlaneError {
  return error instanceof ChatlaneError && error.code === 'REDIS_NOT_REPLICATED'
}
