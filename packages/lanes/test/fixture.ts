import { connectTestRedis, freshPrefix, keysLike } from '@chatlane/dev'
import {
  type Item,
  type LaneRedis,
  Lanes,
  type LanesOptions,
  LaneWorker,
  type LaneWorkerOptions,
  type Turn,
  type Verdict,
} from '@chatlane/lanes'
import { Redis } from 'ioredis'
import { expect, onTestFinished, vi } from 'vitest'

/** A client of the test's own, gone after it: to the Redis that all tests share, or to the one with this url. */
export function connect(url?: string): LaneRedis {
  const options = { maxRetriesPerRequest: null, retryStrategy: () => 50 }
  const redis = url === undefined ? connectTestRedis() : new Redis(url, options)
  redis.on('error', () => {})
  onTestFinished(() => redis.disconnect())
  return redis
}

/** A lane set that no other test uses, with a connection of its own. */
export function laneSet(options: Partial<LanesOptions> = {}): Lanes {
  const lanes = new Lanes({ name: 'test', prefix: freshPrefix(), connection: connect(), ...options })
  onTestFinished(() => lanes.close())
  return lanes
}

/** A worker whose sweeper does nothing unasked. */
export function laneWorker(lanes: Lanes, options: LaneWorkerOptions): LaneWorker {
  const worker = new LaneWorker(lanes, { sweep: { everyMs: 3_600_000, afterMs: 10_000 }, ...options })
  onTestFinished(() => worker.close(100))
  return worker
}

/** Adds items with these ids, one after the other; the data of an item is its id. */
export async function addAll(lanes: Lanes, lane: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) await lanes.add(lane, { id, data: id })
}

/** A handler that notes `lane/id` of every call and commits unless told otherwise. */
export function recording(
  decide: (item: Item, turn: Turn) => Verdict | undefined | Promise<Verdict | undefined> = () => undefined,
) {
  const seen: string[] = []
  const handler = async (item: Item, turn: Turn): Promise<Verdict> => {
    seen.push(`${turn.lane}/${item.id}`)
    return (await decide(item, turn)) ?? { do: 'commit' }
  }
  return { seen, handler }
}

/** A key of the test's own in the shard of a lane. */
export function keyBeside(lanes: Lanes, lane: string, name: string): string {
  return `${lanes.shardKeys(lanes.shardOf(lane)).tag}:${name}`
}

/** The prefix of a lane set, for another one beside it. */
export function prefixOf(lanes: Lanes): string {
  return lanes.shardKeys(0).tag.slice(1, -':0}'.length)
}

/** Takes the locks of all jobs in progress away, as if their time had run out. */
export async function loseLocks(lanes: Lanes): Promise<void> {
  const locks = await keysLike(lanes.connection, `${lanes.shardKeys(0).stem}*:lock`)
  expect(await lanes.connection.del(locks)).toBeGreaterThan(0)
}

export interface Gate {
  readonly opened: Promise<void>
  open(): void
}

/** Something to wait for. */
export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

/** Resolves when no lane has mail and no job is left. */
export async function settled(...sets: Lanes[]): Promise<void> {
  await vi.waitUntil(
    async () => {
      for (const lanes of sets) {
        for (let shard = 0; shard < lanes.shards; shard++) {
          if ((await lanes.connection.hlen(lanes.shardKeys(shard).lanes)) > 0) return false
          const counts = await lanes.queue(shard).getJobCounts('wait', 'active', 'delayed', 'prioritized', 'failed')
          if (Object.values(counts).some((count) => count > 0)) return false
        }
      }
      return true
    },
    { timeout: 90_000, interval: 20 },
  )
}

/** Fails when an idle lane set holds more in Redis than BullMQ's few keys of a queue, marks and dead letters. */
export async function expectNothingLeft(lanes: Lanes): Promise<void> {
  for (let shard = 0; shard < lanes.shards; shard++) {
    const { stem } = lanes.shardKeys(shard)
    const names = (await keysLike(lanes.connection, `${stem}*`)).map((key) =>
      key.slice(stem.length).replace(/^(seen|dead):.*/s, '$1'),
    )
    const known = [
      'meta',
      'events',
      'stalled-check',
      'marker',
      'id',
      'sweeper',
      'auditor',
      'oldest',
      'workers:working',
      'seen',
      'dead',
      'stalled',
    ]
    expect(names.filter((name) => !known.includes(name))).toEqual([])
  }
}
