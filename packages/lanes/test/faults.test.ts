import { setTimeout as passed } from 'node:timers/promises'
import { startRedisServer } from '@chatlane/dev'
import { expect, onTestFinished, test } from 'vitest'
import { connect, laneSet, laneWorker, recording, settled } from './fixture.ts'

test('a worker asks a Redis that refuses its requests now and then, not at once again, and goes on afterwards', async () => {
  const server = await startRedisServer()
  onTestFinished(() => server.stop())
  const redis = connect(server.url)
  const lanes = laneSet({ connection: redis, shards: 12, shardOf: (lane) => Number(lane) })
  const names = Array.from({ length: 12 }, (_, shard) => String(shard))
  await Promise.all(names.map((lane) => lanes.add(lane, { id: '1', data: '' })))
  const requests = async () => {
    const calls = (await redis.info('commandstats')).matchAll(/cmdstat_evalsha:calls=(\d+)/g)
    return Number([...calls][0]?.[1])
  }
  await redis.call('CONFIG', 'SET', 'maxmemory', '1')
  const { seen, handler } = recording()
  const errors: unknown[] = []
  laneWorker(lanes, { handler, onError: (error) => errors.push(error) })
  await expect.poll(() => errors.length).toBeGreaterThan(12)
  const before = await requests()
  await passed(3_000)
  // Without pauses these are thousands.
  expect((await requests()) - before).toBeLessThan(400)
  expect(seen).toEqual([])

  await redis.call('CONFIG', 'SET', 'maxmemory', '0')
  await settled(lanes)
  expect(seen).toHaveLength(12)
})
