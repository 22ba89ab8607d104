import { Cluster } from 'ioredis'
import { expect, it, onTestFinished } from 'vitest'
import { startRedisCluster } from '../redis/cluster.ts'
import { hasLocalRedis } from '../redis/nodes.ts'

it.skipIf(!hasLocalRedis())('a cluster of our own moves slots under load and outlives a master', async () => {
  const cluster = await startRedisCluster({ replicas: 1, nodeTimeoutMs: 2000 })
  onTestFinished(() => cluster.stop())
  const [host = '', port] = cluster.addresses.split(',')[0]?.split(':') ?? []
  // what is asked during the failover waits for its end
  const redis = new Cluster([{ host, port: Number(port) }], { maxRedirections: 1000 })
  redis.on('error', () => {})
  onTestFinished(() => redis.disconnect())

  const slot = await cluster.slotOf('{here}')
  const [a, b] = cluster.nodes
  if (!a || !b) throw new Error('expected masters')
  let written = 0
  let over = false
  const writing = (async () => {
    for (; !over; written++) await redis.set(`{here}:${written}`, written)
  })()
  for (const to of [a, b, a, b]) {
    await cluster.moveSlots([slot], to)
    expect((await cluster.masterOf(slot)).url).toBe(to.url)
    const enough = written + 50
    await expect.poll(() => written, { timeout: 20_000 }).toBeGreaterThan(enough)
  }

  await cluster.settled()
  await b.kill()
  await expect.poll(async () => (await cluster.masterOf(slot)).url, { timeout: 30_000 }).not.toBe(b.url)
  await b.start()
  await cluster.settled()
  const enough = written + 50
  await expect.poll(() => written, { timeout: 20_000 }).toBeGreaterThan(enough)
  over = true
  await writing
  expect(await redis.exists(`{here}:0`, `{here}:${written - 1}`)).toBe(2)
})
