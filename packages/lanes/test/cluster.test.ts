import { startRedisServer } from '@chatlane/dev'
import { Cluster } from 'ioredis'
import { expect, onTestFinished, test, vi } from 'vitest'
import { connect, keyBeside, laneSet, laneWorker, prefixOf, recording, settled } from './fixture.ts'

/** A cluster of one node, which refuses keys of different slots as a large one does. */
async function cluster(): Promise<Cluster> {
  const server = await startRedisServer({ 'cluster-enabled': 'yes' })
  onTestFinished(() => server.stop())
  const { hostname, port, password } = new URL(server.url)
  const host = hostname === 'localhost' ? '127.0.0.1' : hostname
  const node = connect(server.url)
  await node.config('SET', 'cluster-announce-ip', host)
  await node.config('SET', 'cluster-announce-port', port)
  await node.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  await vi.waitUntil(async () => String(await node.call('CLUSTER', 'INFO')).includes('cluster_state:ok'), {
    timeout: 20_000,
  })
  const client = new Cluster([{ host, port: Number(port) }], { redisOptions: { password, maxRetriesPerRequest: null } })
  client.on('error', () => {})
  onTestFinished(() => client.disconnect())
  return client
}

test('everything works on Redis Cluster, each shard in a slot of its own', async () => {
  const connection = await cluster()
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
    const keys = (await connection.keys('*')).filter((key) => key.includes(lanes.shardKeys(shard).tag))
    const slots = await Promise.all(keys.map((key) => connection.cluster('KEYSLOT', key)))
    expect(new Set(slots).size).toBe(1)
  }
})
