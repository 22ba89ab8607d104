import type { LaneRedis, Lanes } from '@chatlane/lanes'
import { Queue, Worker } from 'bullmq'
import type { ConversationItem } from '../conversations/items.ts'
import { shardKeys } from '../conversations/keys.ts'

/** Time between two looks at the deadlines, by BullMQ's delayed job. */
const EVERY_MS = 1_000

/** Conversations moved to their lanes at a time. */
const PAGE = 200

/**
 * Closes inactive chats. The deadlines are in one sorted set per shard, written by the very steps that store a message or
 * commit an answer; one delayed BullMQ job per shard, which schedules itself again, puts a `close` item into the lane of each
 * conversation that is due. The turn that finds it there looks once more whether the chat is inactive.
 */
export class Closer {
  readonly #workers: Worker[]
  readonly #queues: Queue[]

  /** @param parts `onError` is told of failures that lose nothing: the next look finds what this one did not */
  constructor(parts: { redis: LaneRedis; prefix: string; lanes: Lanes; onError: (error: unknown) => void }) {
    const { redis, prefix, lanes, onError } = parts
    const shards = Array.from({ length: lanes.shards }, (_, shard) => shard)
    const options = (shard: number) => ({ connection: redis, prefix: lanes.shardKeys(shard).tag })
    this.#queues = shards.map(
      (shard) => new Queue('closing', { ...options(shard), streams: { events: { maxLen: 100 } } }),
    )
    this.#workers = shards.map((shard) => {
      const process = () => moveDue(redis, shardKeys(prefix, shard).closing, lanes)
      const keep = { removeOnComplete: { count: 0 }, removeOnFail: { count: 10 } }
      // A look takes no time: when its process died, another soon goes on.
      const soon = { lockDuration: 5_000, stalledInterval: 5_000, maxStalledCount: Number.MAX_SAFE_INTEGER }
      return new Worker('closing', process, { ...options(shard), ...keep, ...soon, drainDelay: 1 })
    })
    for (const queue of this.#queues) queue.on('error', onError)
    for (const worker of this.#workers) worker.on('error', onError)
  }

  /** Sets the delayed jobs; harmless when another process has done so. */
  async start(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.upsertJobScheduler('deadlines', { every: EVERY_MS })))
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close(true)))
    await Promise.all(this.#queues.map((queue) => queue.close()))
  }
}

async function moveDue(redis: LaneRedis, closing: string, lanes: Lanes): Promise<void> {
  const item: ConversationItem = { kind: 'close' }
  for (;;) {
    const due = await redis.zrangebyscore(closing, '-inf', Date.now(), 'LIMIT', 0, PAGE)
    await Promise.all(
      due.map((id) =>
        // The deadline leaves the set in the step that puts the item into the lane: neither is lost, whatever breaks.
        lanes.add(id, {
          id: `close:${Date.now()}`,
          data: JSON.stringify(item),
          effects: [['ZREM', closing, id]],
        }),
      ),
    )
    if (due.length < PAGE) return
  }
}
