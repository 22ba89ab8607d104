import { Queue } from 'bullmq'
import { DeadLetters } from './dead-letters.ts'
import { type Effect, encodeEffects } from './effects.ts'
import { freshId } from './ids.ts'
import { type AdditionTarget, checkId } from './items.ts'
import { type ShardKeys, shardKeys } from './keys.ts'
import { BatchedScript, type LaneRedis } from './script.ts'
import { type LaneJob, Waker } from './waker.ts'

export interface LanesOptions {
  /** Name of the lane set and of its BullMQ queue. */
  name: string
  /** An ioredis client. It stays the caller's: closing the lanes does not close it. */
  connection: LaneRedis
  /** Key prefix of the application; the shard is added and both become the hash tag. Default `lanes`. */
  prefix?: string
  /** Queues over which lanes are spread. Default 1. */
  shards?: number
  /** The shard of a lane, 0 to shards - 1. Default: by a hash of its name. */
  shardOf?: (lane: string) => number
  /** Told of failures that lose nothing (a wake that could not be added: the sweeper will). */
  onError?: (error: unknown) => void
}

export interface AddOptions {
  /** The item's own text. */
  data: string
  /** The item's id, unique in its lane. Without it, it is what the first effect returns (an XADD's id, say). */
  id?: string
  /** The sender's id for this item: a second add with the same one stores nothing. */
  dedupe?: { id: string; forMs: number /** compared by the caller on a repeat */; print?: string }
  /** Most items that may wait in the lane. Default: no limit. */
  most?: number
  /** Writes done in the same step, only when the item is stored. */
  effects?: readonly Effect[]
}

export type Added =
  | { status: 'added'; id: string }
  /** Stored before, under this id and print. */
  | { status: 'duplicate'; id: string; print: string }
  /** The lane holds as many items as it may. */
  | { status: 'full' }

interface Shard {
  keys: ShardKeys
  queue: Queue<LaneJob>
  add: BatchedScript
  waker: Waker
}

/** A set of lanes: first in, first out per name, across processes. */
export class Lanes implements AdditionTarget {
  readonly name: string
  readonly shards: number
  readonly connection: LaneRedis
  readonly deadLetters: DeadLetters
  readonly #shards: Shard[]
  readonly #shardOf: (lane: string) => number
  readonly #onError: (error: unknown) => void

  constructor(options: LanesOptions) {
    this.name = options.name
    this.connection = options.connection
    this.shards = options.shards ?? 1
    this.#shardOf = options.shardOf ?? ((lane) => hash(lane) % this.shards)
    this.#onError = options.onError ?? (() => {})
    this.#shards = Array.from({ length: this.shards }, (_, index) => {
      const keys = shardKeys(options.prefix ?? 'lanes', options.name, index)
      const queue = new Queue<LaneJob>(options.name, {
        connection: options.connection,
        prefix: keys.tag,
        streams: { events: { maxLen: 1_000 } },
      })
      queue.on('error', this.#onError)
      return {
        keys,
        queue,
        add: new BatchedScript(options.connection, 'add', keys),
        waker: new Waker(queue, this.#onError),
      }
    })
    this.deadLetters = new DeadLetters(this)
  }

  shardOf(lane: string): number {
    return this.#shardOf(lane)
  }

  /** The Redis keys of a shard; all its lanes, and the caller's own keys with the same tag, are in one hash slot. */
  shardKeys(shard: number): ShardKeys {
    return this.#shard(shard).keys
  }

  /** The BullMQ queue of a shard, for counts and boards. */
  queue(shard: number): Queue<LaneJob> {
    return this.#shard(shard).queue
  }

  stemOf(shard: number): string {
    return this.#shard(shard).keys.stem
  }

  /** How many items wait in a lane, the one being handled included. */
  async waiting(lane: string): Promise<number> {
    return this.connection.llen(`${this.stemOf(this.shardOf(lane))}mail:${lane}`)
  }

  /**
   * Stores an item at the end of its lane. When this resolves the item is in Redis (as durable as Redis is set up to be) and
   * will be handled after all that was added to the lane before it. Rejects when Redis could not say that it stored the
   * item; adding it again with the same `dedupe.id` is then safe.
   */
  async add(lane: string, options: AddOptions): Promise<Added> {
    const shard = this.#shard(this.shardOf(lane))
    const { dedupe, effects = [] } = options
    if (options.id !== undefined) checkId(options.id)
    else if (effects.length === 0) throw new TypeError('expected an item id, or an effect that returns it')
    checkCount('dedupe.forMs', dedupe?.forMs)
    checkCount('most', options.most)
    const job = freshId()
    const keys: string[] = []
    const args: (string | number)[] = [lane, options.id ?? '', options.data, job]
    args.push(dedupe?.id ?? '', dedupe?.forMs ?? 0, dedupe?.print ?? '', options.most ?? 0)
    encodeEffects(effects, shard.keys.tag, keys, args)
    const [status, id, idle, print] = await shard.add.call({ keys, args })
    if (status === 'failed') throw new Error(`an effect of the add failed: ${id}`)
    if (idle === 1) await this.wake(lane, job)
    if (status === 'full') return { status }
    if (status === 'duplicate') return { status, id: String(id), print: String(print) }
    return { status: 'added', id: String(id) }
  }

  wake(lane: string, job: string): Promise<void> {
    return this.#shard(this.shardOf(lane)).waker.add(lane, job)
  }

  /** Closes the queues; the Redis client stays open. */
  async close(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.queue.close()))
  }

  #shard(index: number): Shard {
    const shard = this.#shards[index]
    if (!shard) throw new RangeError(`shard ${index} of lane set ${this.name}: expected 0 to ${this.shards - 1}`)
    return shard
  }
}

function checkCount(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value > 0)) return
  throw new RangeError(`${name}: expected a whole number above 0, got ${value}`)
}

/** FNV-1a over the UTF-16 units: cheap, even, and the same on every machine. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}
