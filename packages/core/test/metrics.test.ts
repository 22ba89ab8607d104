import { freshPrefix, type RedisServer, readSamples, startRedisServer, total } from '@chatlane/dev'
import { Lanes, LaneWorker } from '@chatlane/lanes'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ChatlaneError } from '../src/errors/chatlane-error.ts'
import { createLogger } from '../src/logging/logger.ts'
import { WorkerMetrics } from '../src/metrics/worker-metrics.ts'
import { RedisWatch } from '../src/redis/watch.ts'
import type { PauseReason } from '../src/upstream/gate.ts'

let server: RedisServer
let redis: Redis
const logger = createLogger({ level: 'silent', content: false }, { service: 'test' })
const watch = new RedisWatch(logger, { url: 'redis://127.0.0.1', prefix: 'chatlane' })
beforeAll(async () => {
  server = await startRedisServer()
  redis = new Redis(server.url, { maxRetriesPerRequest: null })
  watch.add(redis, 'worker')
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})

/** A scrape's samples of that name, by the values of their labels. */
async function samples({ registry }: WorkerMetrics, name: string): Promise<Record<string, number>> {
  const found = readSamples(await registry.metrics()).filter((sample) => sample.name === name)
  return Object.fromEntries(found.map(({ labels, value }) => [Object.values(labels).join(' '), value]))
}

async function redisUp(metrics: WorkerMetrics): Promise<number | undefined> {
  return total(readSamples(await metrics.registry.metrics()), 'chatlane_redis_up')
}

function laneSet(shards = 1): Lanes {
  return new Lanes({
    name: 'turns',
    connection: redis,
    prefix: freshPrefix(),
    shards,
    shardOf: (lane) => Number(lane[0]),
  })
}

function watching(lanes: Lanes, more: { worker?: LaneWorker; pause?: () => PauseReason | undefined } = {}) {
  const metrics = new WorkerMetrics(watch)
  metrics.watch({
    lanes: [lanes],
    workers: { turns: more.worker, deliveries: undefined },
    pauses: more.pause ? { uponai: more.pause } : {},
    senders: () => [],
    overdueClosings: async () => 0,
  })
  return metrics
}

test('what lies in Redis is told by lane set and shard', async () => {
  const lanes = laneSet(2)
  const metrics = watching(lanes)
  for (const lane of ['0a', '0b', '0c', '1a']) for (const id of ['1', '2']) await lanes.add(lane, { id, data: '' })
  const delayed = await lanes.queue(1).add('turn', { lane: '1b' }, { delay: 3_600_000 })
  expect(await samples(metrics, 'chatlane_jobs')).toEqual({
    'turns 0 waiting': 3,
    'turns 0 active': 0,
    'turns 0 delayed': 0,
    'turns 1 waiting': 1,
    'turns 1 active': 0,
    'turns 1 delayed': 1,
  })
  expect(await samples(metrics, 'chatlane_lanes_waiting')).toEqual({
    'turns 0': 3,
    'turns 1': 1,
  })
  await delayed.remove()
  await lanes.close()
})

test('the oldest job that a worker could run tells how long it waits, started before or not', async () => {
  const lanes = laneSet(2)
  const metrics = watching(lanes)
  for (const lane of ['0a', '0b', '0c']) await lanes.add(lane, { id: '1', data: '' })
  const [oldest] = await lanes.queue(0).getRanges(['wait'], 0, 0, true)
  const parked = { timestamp: Date.now() - 7_200_000, ats: 1, due: Date.now() - 3_600_000 }
  await redis.hset(`${lanes.shardKeys(0).stem}${oldest}`, parked)
  const ages = await samples(metrics, 'chatlane_oldest_waiting_job_age_seconds')
  expect(ages['turns 0']).toBeGreaterThanOrEqual(3_600)
  expect(ages['turns 0']).toBeLessThan(7_200)
  expect(ages['turns 1']).toBe(0)
  await lanes.close()
})

test('the oldest item without an answer tells how long it has been there', async () => {
  const lanes = laneSet()
  const metrics = watching(lanes)
  await lanes.add('0a', { id: `${Date.now() - 60_000}-0`, data: '' })
  await lanes.add('0b', { id: `close:${Date.now() - 600_000}`, data: '' })
  const { 'turns 0': age } = await samples(metrics, 'chatlane_oldest_unanswered_age_seconds')
  expect(age).toBeGreaterThanOrEqual(60)
  expect(age).toBeLessThan(600)
  await lanes.close()
})

test("a lane worker's counters are shown as they are at the scrape, from 0 on", async () => {
  const lanes = laneSet()
  await lanes.add('0a', { id: '1', data: '' })
  await lanes.queue(0).obliterate({ force: true })
  const sweep = { everyMs: 3_600_000, afterMs: 0 }
  const worker = new LaneWorker(lanes, { handler: async () => ({ do: 'commit' }), sweep })
  const metrics = watching(lanes, { worker })
  for (const name of ['sweeper_wakes', 'fenced_commits', 'take_overs'])
    expect(await samples(metrics, `chatlane_${name}_total`)).toEqual({ turns: 0 })
  expect(await worker.sweep()).toBe(1)
  for (const _ of ['once', 'again'])
    expect(await samples(metrics, 'chatlane_sweeper_wakes_total')).toEqual({ turns: 1 })
  await worker.close()
  await lanes.close()
})

test('a pause is shown with its reason, and its end', async () => {
  const lanes = laneSet()
  let reason: PauseReason | undefined = 'credentials'
  const metrics = watching(lanes, { pause: () => reason })
  const shown = () => samples(metrics, 'chatlane_upstream_paused')
  const running = {
    'uponai throttled': 0,
    'uponai credentials': 0,
    'uponai outage': 0,
  }
  expect(await shown()).toEqual({ ...running, 'uponai credentials': 1 })
  reason = undefined
  expect(await shown()).toEqual(running)
  await lanes.close()
})

test('calls to UponAI are counted by what came of them, and what they throw is passed on', async () => {
  const metrics = new WorkerMetrics(watch)
  expect(await metrics.uponaiCall('get', async () => 'a chat')).toBe('a chat')
  const refusal = new ChatlaneError('UPONAI_THROTTLED', 'UponAI answered 429 to get')
  const refused = metrics.uponaiCall('get', async () => Promise.reject(refusal))
  await expect(refused).rejects.toBe(refusal)
  await expect(metrics.uponaiCall('list', async () => Promise.reject(new Error('?')))).rejects.toThrow('?')
  expect(await samples(metrics, 'chatlane_uponai_calls_total')).toEqual({
    'get ok': 1,
    'get UPONAI_THROTTLED': 1,
    'list error': 1,
  })
})

test('a scrape answers with what is known while Redis does not, and asks it no more than once', async () => {
  const lanes = laneSet()
  const metrics = watching(lanes)
  metrics.delivery('sent')
  await lanes.add('0a', { id: '1', data: '' })
  expect(await redisUp(metrics)).toBe(1)
  expect(await samples(metrics, 'chatlane_jobs')).not.toEqual({})

  // Longer than this test may take: a scrape that waits for it would be too late.
  await redis.call('CLIENT', 'PAUSE', '600000', 'ALL')
  const backlog = vi.spyOn(lanes, 'backlog')
  await expect.poll(() => redisUp(metrics)).toBe(0)
  for (let n = 0; n < 3; n++) {
    expect(await redisUp(metrics)).toBe(0)
    expect(await samples(metrics, 'chatlane_jobs')).toEqual({})
  }
  expect(await samples(metrics, 'chatlane_deliveries_total')).toEqual({ sent: 1 })
  expect(backlog.mock.calls.length).toBe(1)

  await server.kill()
  await expect.poll(() => redis.status).not.toBe('ready')
  const info = vi.spyOn(redis, 'info')
  expect(await redisUp(metrics)).toBe(0)
  expect(await samples(metrics, 'chatlane_jobs')).toEqual({})
  expect(info).not.toHaveBeenCalled()

  await server.start()
  await expect.poll(() => redisUp(metrics)).toBe(1)
  await lanes.close()
})
