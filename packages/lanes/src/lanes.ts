import { Queue } from 'bullmq'
import type { Added, AddOptions } from './add.ts'
import { encodeAdditions } from './additions.ts'
import { DeadLetters } from './dead-letters.ts'
import { encodeEffects } from './effects.ts'
import { type AdditionTarget, checkId, type Item, parseItem } from './items.ts'
import { type ShardKeys, shardKeys } from './keys.ts'
import type { LaneJob } from './lane-job.ts'
import { BatchedScript, defineLook, type LaneRedis } from './script.ts'

export interface LanesOptions {
  /** Name of the lane set and of its BullMQ queue. */
  name: string
  /** An ioredis client. It stays the caller's: closing the lanes does not close it. */
  connection: LaneRedis
  /** Key prefix of the application; the shard is added and both become the hash tag. Default `lanes`. */
  prefix?: string
  /** Queues over which lanes are spread. Default 1. */
  shards?: number
  /** The shard of a lane. Default: by a hash of its name, 0 to shards - 1. One that is not there yet is made. */
  shardOf?: (lane: string) => number
  /** Told of the connection's failures. */
  onError?: (error: unknown) => void
}

/** How much work lies in one shard of a lane set, by Redis' clock. */
export interface Backlog {
  /** Lanes with at least one item. */
  lanesWithMail: number
  /** Jobs by what they wait for: a worker, their own end, the end of their pause. */
  waiting: number
  active: number
  delayed: number
  /** For how long the oldest job that a worker could run right now has waited for one, ms; 0 while the queue is paused. */
  runnableForMs: number
  /**
   * For how long the oldest head of a lane has been there, ms, whatever it waits for. Known of items whose id is that of a
   * stream's entry. With more than {@link EXACT_UP_TO} lanes as the last sweep found it.
   */
  unansweredForMs: number
}

/** Lanes whose heads are looked at for a {@link Backlog}; a longer look would hold Redis up at every scrape. */
const EXACT_UP_TO = 500

interface Shard {
  keys: ShardKeys
  backlog: ReturnType<typeof defineLook>
  queue: Queue<LaneJob>
  add: BatchedScript
}

/** A set of lanes: first in, first out per name, across processes. */
export class Lanes implements AdditionTarget {
  readonly name: string
  readonly connection: LaneRedis
  readonly deadLetters: DeadLetters
  readonly #prefix: string
  readonly #shards: Shard[] = []
  readonly #shardOf: (lane: string) => number
  readonly #onError: (error: unknown) => void

  constructor(options: LanesOptions) {
    this.name = options.name
    this.connection = options.connection
    const shards = options.shards ?? 1
    this.#prefix = options.prefix ?? 'lanes'
    this.#shardOf = options.shardOf ?? ((lane) => hash(lane) % shards)
    this.#onError = options.onError ?? (() => {})
    this.grow(shards)
    this.deadLetters = new DeadLetters(this)
  }

  /** Shards that this process knows of. */
  get shards(): number {
    return this.#shards.length
  }

  /** Makes this process know of so many shards: others may have spread lanes over more. */
  grow(shards: number): void {
    for (let index = this.#shards.length; index < shards; index++) this.#shards.push(this.#makeShard(index))
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

  /** What the keys of mailboxes look like in all shards, for SCAN. */
  get mailPattern(): string {
    return `{${globbed(this.#prefix)}:*}:${globbed(this.name)}:mail:*`
  }

  /** The lane whose mailbox has this key; undefined for a key of another set, or in a shard that is not the lane's. */
  laneOf(mailKey: string): string | undefined {
    const mark = `}:${this.name}:mail:`
    const at = mailKey.indexOf(mark)
    if (at < 0) return undefined
    const lane = mailKey.slice(at + mark.length)
    try {
      return mailKey === `${this.stemOf(this.#shardOf(lane))}mail:${lane}` ? lane : undefined
    } catch (error) {
      // A name that the caller's own `shardOf` does not know.
      if (error instanceof RangeError) return undefined
      throw error
    }
  }

  /** How much work lies in a shard, and for how long. */
  async backlog(shard: number): Promise<Backlog> {
    const numbers = (await this.#shard(shard).backlog(EXACT_UP_TO)).map(Number)
    const [lanesWithMail = 0, waiting = 0, active = 0, delayed = 0, runnableForMs = 0, unansweredForMs = 0] = numbers
    return { lanesWithMail, waiting, active, delayed, runnableForMs, unansweredForMs }
  }

  /** How many items wait in a lane, the one being handled included. */
  async waiting(lane: string): Promise<number> {
    return this.connection.llen(`${this.stemOf(this.shardOf(lane))}mail:${lane}`)
  }

  /** The first items of a lane, the one being handled at their head. */
  async peek(lane: string, count: number): Promise<Item[]> {
    const stored = await this.connection.lrange(`${this.stemOf(this.shardOf(lane))}mail:${lane}`, 0, count - 1)
    return stored.map(parseItem)
  }

  /** Ends the pause before the next try of a lane's head. False when there was none, or not yet. */
  async hurry(lane: string): Promise<boolean> {
    const { keys, queue } = this.#shard(this.shardOf(lane))
    const state = await this.connection.hget(keys.lanes, lane)
    const job = await queue.getJob(state?.split(' ')[0] ?? '')
    if (!job || !(await job.isDelayed())) return false
    // Its time may have come just now.
    return job.promote().then(
      () => true,
      () => false,
    )
  }

  /** Whether an item with this `dedupe.id` was added to the lane and is still remembered. */
  async hasSeen(lane: string, dedupeId: string): Promise<boolean> {
    return (await this.seen(lane, dedupeId)) !== undefined
  }

  /** The id and print of the item with this `dedupe.id`, while it is remembered. */
  async seen(lane: string, dedupeId: string): Promise<{ id: string; print: string } | undefined> {
    const key = `${this.stemOf(this.shardOf(lane))}seen:${Buffer.byteLength(lane)}:${lane}:${dedupeId}`
    const mark = await this.connection.get(key)
    if (mark === null) return undefined
    const cut = mark.indexOf('\n')
    return { id: mark.slice(0, cut), print: mark.slice(cut + 1) }
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
    const keys: string[] = []
    const args: (string | number)[] = [lane, options.id ?? '', options.data]
    args.push(dedupe?.id ?? '', dedupe?.forMs ?? 0, dedupe?.print ?? '', options.most ?? 0)
    encodeEffects(effects, shard.keys.tag, keys, args)
    encodeAdditions(options.adds ?? [], shard.keys.tag, args)
    const [status, id, print] = await shard.add.call({ keys, args })
    if (status === 'failed') throw new Error(`an effect of the add failed: ${id}`)
    if (status === 'full') return { status }
    if (status === 'duplicate') return { status, id: String(id), print: String(print) }
    return { status: 'added', id: String(id) }
  }

  /** Closes the queues; the Redis client stays open. */
  async close(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.queue.close()))
  }

  #shard(index: number): Shard {
    if (!(Number.isSafeInteger(index) && index >= 0 && index < MOST_SHARDS)) {
      throw new RangeError(`shard of lane set ${this.name}: expected 0 to ${MOST_SHARDS - 1}, got ${index}`)
    }
    this.grow(index + 1)
    const shard = this.#shards[index]
    if (!shard) throw new RangeError(`shard ${index} of lane set ${this.name} is not there`)
    return shard
  }

  #makeShard(index: number): Shard {
    const keys = shardKeys(this.#prefix, this.name, index)
    const queue = new Queue<LaneJob>(this.name, {
      connection: this.connection,
      prefix: keys.tag,
      streams: { events: { maxLen: 1_000 } },
    })
    queue.on('error', this.#onError)
    return {
      keys,
      queue,
      add: new BatchedScript(this.connection, 'add', keys),
      backlog: defineLook(this.connection, 'backlog', keys),
    }
  }
}

/** A text that stands for itself in a pattern of SCAN's. */
function globbed(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&')
}

/** Each shard holds a queue in every process. */
const MOST_SHARDS = 1_024

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
