import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { type ClusterOptions, type RedisCluster, startRedisCluster } from '../redis/cluster.ts'
import { asking, hasLocalRedis } from '../redis/nodes.ts'
import { makeStack } from '../stack/stack.ts'
import { expectAnsweredOnce, expectHeardAll } from './expectations.ts'
import { gather } from './people.ts'

/** The whole router on a Redis Cluster that is rearranged or broken, checked against the sandbox's true history. */

const shards = 6
const number = '+15005550006'
const folder = mkdtempSync(join(tmpdir(), 'chatlane-cluster-'))
const routes = join(folder, 'routes.yaml')
writeFileSync(routes, `sms:\n  - sender: "${number}"\n    inbound_agents: [{ agent_id: chat_agent_a }]\n`)
afterAll(() => rmSync(folder, { recursive: true }))

async function begin(options: ClusterOptions, settings: Record<string, string> = {}, pauseMs = 30) {
  const cluster = await startRedisCluster(options)
  onTestFinished(() => cluster.stop())
  const stack = await makeStack({
    redisUrl: 'redis://nowhere.invalid',
    settings: {
      REDIS_CLUSTER: cluster.addresses,
      QUEUE_SHARDS: String(shards),
      CHATLANE_CONFIG: routes,
      ...settings,
    },
    onLine: (service, line) => {
      if (process.env.TEST_LOG) console.log(`${service}: ${line}`)
    },
  })
  onTestFinished(() => stack.stop())
  await stack.start('sandbox', 'sandbox')
  await stack.sandbox.setFaults({ latency: { distribution: 'uniform', min_ms: 20, max_ms: 300 } })
  await stack.start('api', 'api')
  await stack.start('worker', 'worker 1')
  await stack.start('worker', 'worker 2')
  const people = await gather({ url: stack.apiUrl, sandbox: stack.sandbox, web: 15, sms: 10, number, pauseMs })
  onTestFinished(() => people.close())
  await people.more(100)
  return { cluster, stack, people }
}

/** Each shard has the queue of its turns. */
async function slotsOfShards(cluster: RedisCluster): Promise<number[]> {
  const keys = await Promise.all(
    cluster.nodes.map((node) => asking(node, (redis) => redis.keys('{chatlane:*}:turns:meta'))),
  )
  const slots = await Promise.all(keys.flat().map((key) => cluster.slotOf(key)))
  expect(slots).toHaveLength(shards)
  return slots
}

/** Nothing that the processes asked for had keys of two slots, on any node. */
async function expectNoCrossSlot(cluster: RedisCluster): Promise<void> {
  expect(Object.keys(await cluster.errors())).not.toContain('CROSSSLOT')
}

describe.skipIf(!hasLocalRedis())('on a Redis Cluster', () => {
  it('nothing is lost, doubled or out of order while slots move back and forth under load', async () => {
    const { cluster, stack, people } = await begin({})
    const slots = await slotsOfShards(cluster)
    for (let round = 0; round < 3; round++) {
      for (const slot of slots) {
        const from = await cluster.masterOf(slot)
        const to = cluster.nodes[(cluster.nodes.indexOf(from) + 1) % cluster.nodes.length]
        await cluster.moveSlots([slot], to ?? from, { keysAtOnce: 30 })
      }
      await people.more(60)
    }
    await people.stop()

    for (const failure of people.failures) expect(failure).toMatch(/503/)
    await expectAnsweredOnce(people, stack.sandbox)
    await expectHeardAll(people)
    await expectNoCrossSlot(cluster)
  }, 420_000)

  it.each(['killed', 'frozen'])(
    'nothing acknowledged is lost when a master is %s, and everything goes on with its replica',
    async (how) => {
      const { cluster, stack, people } = await begin(
        { replicas: 1, nodeTimeoutMs: 2000 },
        { REDIS_MIN_REPLICAS: '1', UPONAI_TIMEOUT_MS: '5000', UPONAI_COMPLETION_TIMEOUT_MS: '5000' },
        // Those whose shards are on the other masters write on meanwhile, and must not get ahead of their answers.
        300,
      )
      const slot = await cluster.slotOf('{chatlane:0}')
      const master = await cluster.masterOf(slot)
      await (how === 'killed' ? master.kill() : master.freeze())
      await expect.poll(async () => (await cluster.masterOf(slot)).url, { timeout: 60_000 }).not.toBe(master.url)
      // The former master comes back, as a replica: until then nothing of its shards is acknowledged.
      await (how === 'killed' ? master.start() : master.thaw())
      await cluster.settled()
      await people.more(200)
      await people.stop()

      expect(people.failures.length).toBeGreaterThan(0)
      for (const failure of people.failures) expect(failure).toMatch(/503/)
      await expectAnsweredOnce(people, stack.sandbox)
      await expectHeardAll(people)
      await expectNoCrossSlot(cluster)
    },
    420_000,
  )
})
