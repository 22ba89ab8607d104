import { hasLocalRedis, type ReplicatedRedis, startRedisServer, startReplicatedRedis } from '@chatlane/dev'
import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { call, expectProblem, newConversation, say } from './calls.ts'
import { type Load, startLoad } from './load.ts'
import { type StartedApi, startApi } from './started-api.ts'

/** More than anybody may have waiting: there is no worker here. */
const mostWaiting = 100_000

/** Everything acknowledged is in its ledger, once, in the order of the acknowledgements. */
async function expectAllThere({ acknowledged }: Load, { conversations }: StartedApi): Promise<void> {
  for (const [id, messages] of acknowledged) {
    const { items } = await conversations.messages(id, '0', 100_000)
    const there = items.map((item) => ({ text: item.text, id: item.id }))
    // The last one may be stored without its writer having heard of it.
    expect(there.slice(0, messages.length)).toEqual(messages)
    expect(there.length).toBeLessThanOrEqual(messages.length + 1)
  }
}

const isReady = (url: string) => expect.poll(async () => (await call(url, '/readyz')).status).toBe(200)

test('a Redis that is killed again and again, with its append-only file, loses nothing that was acknowledged', async () => {
  const server = await startRedisServer({ appendonly: 'yes', appendfsync: 'always' })
  const api = await startApi({ redisUrl: server.url, mostWaiting })
  const load = await startLoad([api.url], 12)
  for (let kills = 0; kills < 4; kills++) {
    await load.more(150)
    await server.kill()
    await server.start()
    await isReady(api.url)
  }
  await load.more(50)
  await load.stop()
  expect(load.statuses.get(503)).toBeGreaterThan(0)
  expect([...load.statuses.keys()].sort()).toEqual([202, 503])
  await expectAllThere(load, api)
  await api.stop()
  await server.stop()
})

describe.skipIf(!hasLocalRedis())('with REDIS_MIN_REPLICAS', () => {
  const env = { REDIS_MIN_REPLICAS: '1' }

  async function oneReplica(): Promise<ReplicatedRedis> {
    const redis = await startReplicatedRedis(1)
    onTestFinished(() => redis.stop())
    return redis
  }
  const post = (url: string, id: string, key: string) =>
    call(url, `/v1/conversations/${id}/messages`, { body: { text: key, client_message_id: key } })

  test.each(['frozen', 'killed'])('nothing is acknowledged while the replica is %s', async (how) => {
    const { servers } = await oneReplica()
    const [master, replica] = servers
    const api = await startApi({ redisUrl: master?.url ?? '', env, mostWaiting })
    await isReady(api.url)
    const { id } = await newConversation(api.url)
    await say(api.url, id, 'before')
    await (how === 'frozen' ? replica?.freeze() : replica?.kill())
    const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => post(api.url, id, `key ${n}`)))
    for (const answer of answers) expectProblem(answer, 503, 'unavailable')
    // What is known to be in vain is not even stored.
    expectProblem(await post(api.url, id, 'known'), 503, 'unavailable')
    expectProblem(await call(api.url, '/v1/conversations', { body: { agent_id: 'a' } }), 503, 'unavailable')
    expectProblem(await call(api.url, `/v1/conversations/${id}/end`, { method: 'POST' }), 503, 'unavailable')
    expect((await api.conversations.messages(id, '0', 100)).items.map(({ text }) => text)).not.toContain('known')
    expectProblem(await call(api.url, '/readyz'), 503, 'unavailable')
    expect(api.conversations.missingReplicas).toContain('replicas')
    // Reading goes on.
    expect((await call(api.url, `/v1/conversations/${id}`)).status).toBe(200)

    if (how === 'frozen') await replica?.thaw()
    else {
      await replica?.start()
      const { hostname, port } = new URL(master?.url ?? '')
      const operator = new Redis(replica?.url ?? '')
      await operator.replicaof(hostname, Number(port))
      operator.disconnect()
    }
    await isReady(api.url)
    for (let n = 0; n < 30; n++) expect((await post(api.url, id, `key ${n}`)).status).toBe(202)
    const { items } = await api.conversations.messages(id, '0', 100)
    expect(items.map(({ text }) => text).sort()).toEqual(
      ['before', ...Array.from({ length: 30 }, (_, n) => `key ${n}`)].sort(),
    )
    await api.stop()
  })

  test('what was acknowledged is on the replica when the master dies', async () => {
    const { servers } = await oneReplica()
    const [master, replica] = servers
    const api = await startApi({ redisUrl: master?.url ?? '', env, mostWaiting })
    await isReady(api.url)
    const load = await startLoad([api.url], 12)
    await load.more(400)
    await master?.kill()
    await load.stop()
    const operator = new Redis(replica?.url ?? '')
    await operator.replicaof('NO', 'ONE')
    operator.disconnect()
    const successor = await startApi({ redisUrl: replica?.url ?? '', prefix: api.prefix })
    await expectAllThere(load, successor)
    await successor.stop()
    await api.stop()
  })
})
