import { type LaneRedis, type Lanes, pauseOnFaults } from '@chatlane/lanes'
import { Queue, Worker } from 'bullmq'
import { moveDue } from './move-due.ts'
import { EVERY_MS, isOffSchedule, reschedule, schedule } from './schedule.ts'

/** The part of a worker's places that closings may take: they are nobody's message, and many can be due at once. */
const SHARE = 0.25

export interface CloserOptions {
  redis: LaneRedis
  prefix: string
  lanes: Lanes
  /** Lanes that this process works on at once. */
  concurrency: number
  /** Told of failures that lose nothing: the next look finds what this one did not. */
  onError: (error: unknown) => void
}

interface Shard {
  shard: number
  queue: Queue
  worker: Worker
  /** It was off schedule when it was last looked at. */
  suspect: boolean
}

/**
 * Closes inactive chats. The deadlines are in one sorted set per shard, written by the very steps that store a message or
 * commit an answer; one delayed BullMQ job per shard, which schedules itself again, puts a `close` item into the lane of each
 * conversation that is due, a few at a time. The turn that finds it there looks once more whether the chat is inactive.
 */
export class Closer {
  readonly #options: CloserOptions
  readonly #shards: Shard[] = []

  constructor(options: CloserOptions) {
    this.#options = options
  }

  /** Begins with the shards that there are by now and that it does not look at yet. */
  async start(): Promise<void> {
    const fresh: Shard[] = []
    for (let shard = this.#shards.length; shard < this.#options.lanes.shards; shard++) {
      const begun = this.#begin(shard)
      this.#shards.push(begun)
      fresh.push(begun)
    }
    await Promise.all(fresh.map(({ queue }) => schedule(queue)))
  }

  /**
   * Schedules the job anew on shards where nobody is going to look at the deadlines: at two calls one after the other, for
   * between two jobs there may be none for a moment.
   * @returns true when one was off schedule
   */
  async repair(): Promise<boolean> {
    const repaired = await Promise.all(this.#shards.map((shard) => this.#repairShard(shard)))
    return repaired.includes(true)
  }

  async close(): Promise<void> {
    await Promise.all(this.#shards.map(({ worker }) => worker.close(true)))
    await Promise.all(this.#shards.map(({ queue }) => queue.close()))
  }

  get #most(): number {
    const { concurrency, lanes } = this.#options
    return Math.max(1, Math.floor((concurrency * SHARE) / lanes.shards))
  }

  #begin(shard: number): Shard {
    const { redis, prefix, lanes, onError } = this.#options
    const options = { connection: redis, prefix: lanes.shardKeys(shard).tag }
    const queue = new Queue('closing', { ...options, streams: { events: { maxLen: 100 } } })
    const process = () => moveDue({ redis, prefix, shard, lanes, most: this.#most, forMs: EVERY_MS })
    const keep = { removeOnComplete: { count: 0 }, removeOnFail: { count: 10 } }
    // A look takes about a second at most: when its process died, another soon goes on.
    const soon = { lockDuration: 5_000, stalledInterval: 5_000, maxStalledCount: Number.MAX_SAFE_INTEGER }
    const worker = new Worker('closing', process, { ...options, ...keep, ...soon, drainDelay: 1 })
    queue.on('error', onError)
    worker.on('error', onError)
    pauseOnFaults(worker)
    return { shard, queue, worker, suspect: false }
  }

  async #repairShard(shard: Shard): Promise<boolean> {
    const { redis, prefix } = this.#options
    const off = await isOffSchedule({ redis, prefix, shard: shard.shard, queue: shard.queue, most: this.#most })
    const repaired = off && shard.suspect
    if (repaired) await reschedule(shard.queue)
    shard.suspect = off && !repaired
    return repaired
  }
}
