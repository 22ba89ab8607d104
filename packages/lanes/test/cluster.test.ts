import { hasLocalRedis, keysLike, type RedisCluster, startRedisCluster } from '@chatlane/dev'
import { Cluster } from 'ioredis'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { addAll, expectNothingLeft, keyBeside, laneSet, laneWorker, prefixOf, recording, settled } from './fixture.ts'

/** A client of a cluster, both gone after the test. */
async function client(cluster: RedisCluster): Promise<Cluster> {
  const nodes = cluster.nodes.map(({ url }) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) }))
  // what is asked while a slot moves waits for its end
  const redis = new Cluster(nodes, { redisOptions: { maxRetriesPerRequest: null }, maxRedirections: 10_000 })
  redis.on('error', () => {})
  onTestFinished(() => redis.disconnect())
  return redis
}

let cluster: RedisCluster
beforeAll(async () => {
  if (hasLocalRedis()) cluster = await startRedisCluster()
})
afterAll(() => cluster?.stop())

test.skipIf(!hasLocalRedis())('everything works on Redis Cluster, each shard in a slot of its own', async () => {
  const connection = await client(cluster)
  const lanes = laneSet({ connection, shards: 3 })
  const outbox = laneSet({ connection, shards: 3, name: 'outbox', prefix: prefixOf(lanes) })
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const sent = recording()
  laneWorker(outbox, sent)
  const { handler } = recording(async (item, turn) => {
    const key = keyBeside(lanes, turn.lane, `result:${turn.lane}`)
    if (item.id === '1') return { do: 'bury', reason: 'r', detail: 'd' }
    if (turn.tries < 1) return { do: 'retry', afterMs: 0 }
    await turn.record([['RPUSH', key, `record ${item.id}`]])
    const adds = [{ lanes: outbox, lane: turn.lane, id: item.id, data: '' }]
    return { do: 'commit', effects: [['RPUSH', key, `commit ${item.id}`]], adds }
  })
  const worker = laneWorker(lanes, { handler, sweep: { everyMs: 3_600_000, afterMs: 0 } })
  const all = names.flatMap((lane) => ['1', '2', '3'].map((id) => ({ lane, id })))
  await Promise.all(
    all.map(({ lane, id }) => {
      const effects = [['INCR', keyBeside(lanes, lane, 'count')] as const]
      return lanes.add(lane, { id, data: '', dedupe: { id, forMs: 60_000 }, effects })
    }),
  )
  await settled(lanes, outbox)
  for (const lane of names) {
    const result = await connection.lrange(keyBeside(lanes, lane, `result:${lane}`), 0, -1)
    expect(result).toEqual(['record 2', 'commit 2', 'record 3', 'commit 3'])
    expect(sent.seen.filter((call) => call.startsWith(lane))).toEqual([`${lane}/2`, `${lane}/3`])
    expect(await lanes.deadLetters.remove(lane, '1')).toBe(true)
  }
  expect(await worker.sweep()).toBe(0)
  expect(worker.counters).toEqual({ sweeperWakes: 0, fenced: 0, takeOvers: 0 })

  for (let shard = 0; shard < lanes.shards; shard++) {
    const keys = (await keysLike(connection, '*')).filter((key) => key.includes(lanes.shardKeys(shard).tag))
    const slots = await Promise.all(keys.map((key) => connection.cluster('KEYSLOT', key)))
    expect(new Set(slots).size).toBe(1)
  }
})

test.skipIf(!hasLocalRedis()).each([3, 6, 12, 24])('%i shards lie evenly on the nodes', async (shards) => {
  const connection = await client(cluster)
  const lanes = laneSet({ connection, shards })
  const slots = await Promise.all(
    Array.from({ length: shards }, (_, shard) => connection.cluster('KEYSLOT', lanes.shardKeys(shard).tag)),
  )
  // A node's range may begin in the middle of the few slots within which a shard's place is met; thirds that begin well before
  // the first shard's do not.
  const [first = 0] = slots
  const thirds = slots.map((slot) => Math.floor((((slot - first + 100 + 16_384) % 16_384) * 3) / 16_384))
  for (const third of [0, 1, 2]) expect(thirds.filter((of) => of === third)).toHaveLength(shards / 3)
})

test.skipIf(!hasLocalRedis())('a lane whose keys are half moved is left alone until all are there', async () => {
  const connection = await client(cluster)
  const lanes = laneSet({ connection })
  await addAll(lanes, 'a', ['1'])
  const slot = await cluster.slotOf(lanes.shardKeys(0).tag)
  const from = await cluster.masterOf(slot)
  const to = cluster.nodes.find((node) => node !== from)
  if (!to) throw new Error('expected another node')
  const adding: Promise<void>[] = []
  let moves = 0
  // With every key that went over something is asked of the lane, which finds a part of it here, a part there.
  const between = async () => {
    if (moves++ > 0) return
    adding.push(addAll(lanes, 'a', ['2', '3']), addAll(lanes, 'b', ['1', '2']))
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  await cluster.moveSlots([slot], to, { keysAtOnce: 1, between })
  expect(moves).toBeGreaterThan(1)
  await Promise.all(adding)
  expect((await lanes.peek('a', 9)).map(({ id }) => id)).toEqual(['1', '2', '3'])
  expect((await lanes.peek('b', 9)).map(({ id }) => id)).toEqual(['1', '2'])

  const { seen, handler } = recording()
  laneWorker(lanes, { handler })
  await settled(lanes)
  expect(seen.toSorted()).toEqual(['a/1', 'a/2', 'a/3', 'b/1', 'b/2'])
  await expectNothingLeft(lanes)
})
