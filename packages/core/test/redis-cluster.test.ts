import { hasLocalRedis, type RedisCluster, startRedisCluster } from '@chatlane/dev'
import { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../src/logging/logger.ts'
import { checkRedis } from '../src/redis/check.ts'
import { connectRedis } from '../src/redis/connection.ts'
import { Replicas } from '../src/redis/replicas.ts'
import type { RedisRole } from '../src/redis/role.ts'
import { isRedisUnavailable } from '../src/redis/unavailable.ts'

describe.skipIf(!hasLocalRedis())('on a cluster of masters and replicas', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startRedisCluster({ replicas: 1 })
  })
  afterAll(() => cluster?.stop())

  function open(role: RedisRole): Redis | Cluster {
    const nodes = cluster.nodes.map(({ url }) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) }))
    const logger = createLogger({ level: 'silent', content: false }, { service: 'test' })
    const settings = { url: 'redis://127.0.0.1', cluster: nodes, prefix: 'chatlane', minReplicas: 1 }
    const redis = connectRedis(settings, role, logger)
    onTestFinished(() => redis.disconnect())
    return redis
  }

  const ready = (redis: Redis | Cluster) => new Promise<void>((resolve) => redis.once('ready', () => resolve()))

  async function anotherMaster(slot: number) {
    const has = await cluster.masterOf(slot)
    const other = cluster.nodes.slice(0, 3).find((node) => node !== has)
    if (!other) throw new Error('expected another master')
    return other
  }

  test('a write is not confirmed by a node that may not have it', async () => {
    const redis = open('request')
    await ready(redis)
    const slot = await cluster.slotOf('{chatlane:0}')
    const replicas = new Replicas({ redis, least: 1, keyOf: (shard) => `{chatlane:${shard}}:replicated` })
    await replicas.confirm(0)
    await cluster.moveSlots([slot], await anotherMaster(slot))
    await expect(replicas.confirm(0)).rejects.toMatchObject({ code: 'REDIS_NOT_REPLICATED' })
    await expect.poll(() => replicas.confirm(0).then(() => 'confirmed', String)).toBe('confirmed')
  })

  test('a replica that would delete messages as a master is as bad as a master', async () => {
    // A replica is named when it has something.
    await open('worker').set('chatlane:key', 'value')
    let redis = open('worker')
    const replicas = async () => {
      redis = open('worker')
      await ready(redis)
      return redis instanceof Cluster ? redis.nodes('slave').length : 0
    }
    await expect.poll(replicas, { timeout: 20_000, interval: 500 }).toBe(3)
    expect(await checkRedis(redis)).toMatchObject({ evicts: false, persistent: true })
    const admin = new Redis(cluster.nodes.at(-1)?.url ?? '')
    onTestFinished(() => admin.disconnect())
    await admin.config('SET', 'maxmemory', '1gb')
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
    expect(await checkRedis(redis)).toMatchObject({ evicts: true })
    await admin.config('SET', 'maxmemory-policy', 'noeviction')
    expect(await checkRedis(redis)).toMatchObject({ evicts: false })
  })

  test('a request is never sent twice, a worker’s is until it is answered', async () => {
    const request = open('request')
    const worker = open('worker')
    await Promise.all([ready(request), ready(worker)])
    // Counts, and keeps Redis busy for longer than a request may be without an answer.
    const slow = `
      redis.call('INCR', KEYS[1])
      local began = redis.call('TIME')[1]
      while redis.call('TIME')[1] - began < 4 do end
      return 'done'`
    const failure: unknown = await request.eval(slow, 1, 'chatlane:count').catch((error: unknown) => error)
    expect(isRedisUnavailable(failure)).toBe(true)
    await expect.poll(() => worker.get('chatlane:count'), { timeout: 20_000 }).toBe('1')
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await worker.get('chatlane:count')).toBe('1')
  })

  test('while a slot moves a request waits or is refused, and a worker waits', async () => {
    const request = open('request')
    const worker = open('worker')
    await Promise.all([ready(request), ready(worker)])
    const slot = await cluster.slotOf('{here}')
    for (let n = 0; n < 5; n++) await worker.set(`{here}:${n}`, n)
    let pending: Promise<unknown> | undefined
    const between = async () => {
      if (pending) return
      pending = worker.mset('{here}:0', 'x', '{here}:other', 'y')
      const failure: unknown = await request
        .mset('{here}:0', 'a', '{here}:another', 'b')
        .catch((error: unknown) => error)
      expect(isRedisUnavailable(failure)).toBe(true)
    }
    await cluster.moveSlots([slot], await anotherMaster(slot), { keysAtOnce: 1, between })
    expect(await pending).toBe('OK')
    expect(await request.mget('{here}:0', '{here}:other', '{here}:another')).toEqual(['x', 'y', null])
  })

  test('a listener hears of it when its node is gone, and listens on another', async () => {
    const listener = open('subscriber')
    await ready(listener)
    const heard: string[] = []
    listener.on('message', (_channel: string, message: string) => void heard.push(message))
    await listener.subscribe('chatlane:news')
    const redis = open('worker')
    await redis.publish('chatlane:news', 'one')
    await expect.poll(() => heard).toEqual(['one'])

    const port = String((listener instanceof Redis && listener.options.port) || '')
    const node = cluster.nodes.find(({ url }) => new URL(url).port === port)
    if (!node) throw new Error('expected the listener to be on a node of the cluster')
    const again = ready(listener)
    await node.freeze()
    await again
    await listener.subscribe('chatlane:news')
    await expect
      .poll(() => redis.publish('chatlane:news', 'two').then(() => heard.includes('two')), { timeout: 20_000 })
      .toBe(true)
    await node.thaw()
    await cluster.settled()
  })
})
