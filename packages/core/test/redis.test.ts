import { once } from 'node:events'
import { connect } from 'node:net'
import { createServer, setDefaultCACertificates } from 'node:tls'
import { hasLocalRedis, type RedisServer, startRedisCluster, startRedisServer } from '@chatlane/dev'
import { Cluster, Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import type { RedisConfig } from '../src/config/config.ts'
import { createLogger } from '../src/logging/logger.ts'
import { onBreak } from '../src/redis/breaks.ts'
import { checkRedis } from '../src/redis/check.ts'
import { connectRedis } from '../src/redis/connection.ts'
import type { RedisRole } from '../src/redis/role.ts'
import { selfSigned } from './redis-certificate.ts'
import { startSentinel } from './redis-sentinel.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedisServer()
})
afterAll(() => server.stop())

const clients: (Redis | Cluster)[] = []
let log: Record<string, unknown>[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.disconnect()
  log = []
})

function open(settings: Partial<RedisConfig>, role: RedisRole) {
  const output = { write: (line: string) => void log.push(JSON.parse(line)) }
  const logger = createLogger({ level: 'info', content: false }, { service: 'test', output })
  const client = connectRedis({ url: server.url, prefix: 'chatlane', minReplicas: 0, ...settings }, role, logger)
  clients.push(client)
  return client
}

async function opened(settings: Partial<RedisConfig>, role: RedisRole) {
  const client = open(settings, role)
  if (client.status !== 'ready') await happens(client, 'ready')
  return client
}

/** A plain client, to look at and change the server. */
function operator(url = server.url): Redis {
  const client = new Redis(url)
  clients.push(client)
  return client
}

/** Unlike `once` of node:events, undisturbed by errors on the way. */
const happens = (client: Redis | Cluster, event: 'ready' | 'reconnecting') =>
  new Promise<void>((resolve) => {
    client.once(event, () => resolve())
  })

const addressOf = (url: string) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) })
const events = () => log.map(({ event }) => event)

describe('a connection', () => {
  test.each<RedisRole>(['request', 'worker', 'subscriber'])('for %s works and has a name', async (role) => {
    const client = await opened({ prefix: 'other' }, role)
    expect(await client.ping()).toBe('PONG')
    expect(await client.client('GETNAME')).toBe(`other:${role}`)
    expect(log).toEqual([])
  })

  test('uses user, password and database of the URL', async () => {
    const admin = operator()
    await admin.acl('SETUSER', 'limited', 'on', '>pass word/1', '~*', '+@all', '-config')
    const url = new URL(server.url)
    url.username = 'limited'
    url.password = encodeURIComponent('pass word/1')
    url.pathname = '/3'
    const client = await opened({ url: url.href }, 'worker')
    expect(await client.acl('WHOAMI')).toBe('limited')
    await client.set('chatlane:in-database-3', 'yes')
    await admin.select(3)
    expect(await admin.get('chatlane:in-database-3')).toBe('yes')
  })
})

describe('while Redis is away', () => {
  test('requests fail, workers wait, and each outage is one line', async () => {
    const request = await opened({}, 'request')
    const worker = await opened({}, 'worker')
    const blocking = await opened({}, 'subscriber')
    const waiting = blocking.blpop('chatlane:never', 0)

    await server.kill()
    await expect(request.ping()).rejects.toThrow()
    const pending = worker.incr('chatlane:counted')
    for (let tries = 0; tries < 3; tries++)
      await Promise.all([request, worker, blocking].map((c) => happens(c, 'reconnecting')))
    await expect(request.ping()).rejects.toThrow(/writeable|closed|offline/)

    const back = Promise.all([request, worker, blocking].map((client) => happens(client, 'ready')))
    await server.start()
    await back
    expect(await pending).toBe(1)
    expect(await request.ping()).toBe('PONG')
    await worker.rpush('chatlane:never', 'something')
    expect(await waiting).toEqual(['chatlane:never', 'something'])
    for (const role of ['request', 'worker', 'subscriber'])
      await expect
        .poll(() => log.filter((line) => line.role === role))
        .toMatchObject([
          { level: 'warn', event: 'redis_away', err: { code: 'ECONNREFUSED' } },
          { level: 'info', event: 'redis_back', away_ms: expect.any(Number) },
        ])
  })

  test('at the start, a request fails at once and a worker goes on when it comes', async () => {
    await server.kill()
    const request = open({}, 'request')
    const worker = open({}, 'worker')
    await expect(request.ping()).rejects.toThrow()
    const pending = worker.ping()
    await Promise.all([happens(request, 'reconnecting'), happens(worker, 'reconnecting')])
    await server.start()
    expect(await pending).toBe('PONG')
  })

  test('a request gives up on a Redis that does not answer', async () => {
    const request = await opened({}, 'request')
    const admin = operator()
    await admin.client('PAUSE', 60_000, 'ALL')
    await expect(request.ping()).rejects.toThrow()
    await server.kill()
    await server.start()
  })
})

describe('a connection to a cluster', () => {
  let node: RedisServer
  beforeAll(async () => {
    node = await startClusterNode()
  })
  afterAll(() => node.stop())

  test('works, is checked, fails fast for requests and comes back for workers', async () => {
    const settings = { url: node.url, cluster: [addressOf(node.url)] }
    const request = await opened(settings, 'request')
    const worker = await opened(settings, 'worker')
    expect(request).toBeInstanceOf(Cluster)
    await request.set('chatlane:key', 'value')
    expect(await worker.get('chatlane:key')).toBe('value')
    expect(await worker.client('GETNAME')).toBe('chatlane:worker')
    expect(await checkRedis(worker)).toMatchObject({ evicts: false, persistent: true })

    await node.kill()
    await expect(request.get('chatlane:key')).rejects.toThrow()
    const pending = worker.get('chatlane:key')
    await node.start()
    expect(await pending).toBe('value')
  })

  test.skipIf(!hasLocalRedis())('tells when one of its nodes is gone, and is there for the others', async () => {
    const cluster = await startRedisCluster({ masters: 2, settings: { 'cluster-require-full-coverage': 'no' } })
    onTestFinished(() => cluster.stop())
    const [one, other] = cluster.nodes
    if (!one || !other) throw new Error('expected two masters')
    const client = await opened({ url: one.url, cluster: [addressOf(one.url)] }, 'request')
    let breaks = 0
    onBreak(client, () => breaks++)
    // Slots 3443 and 12182.
    await expect.poll(() => client.mset('{b}', '1').catch(String)).toBe('OK')
    await expect.poll(() => client.mset('{foo}', '1').catch(String)).toBe('OK')
    expect(breaks).toBe(0)
    await other.kill()
    await expect.poll(() => breaks).toBeGreaterThan(0)
    expect(client.status).toBe('ready')
    expect(await client.get('{b}')).toBe('1')
  })
})

/** A cluster of one node. */
async function startClusterNode(): Promise<RedisServer> {
  const node = await startRedisServer({ 'cluster-enabled': 'yes' })
  const { host, port } = addressOf(node.url)
  const admin = new Redis(node.url)
  await admin.config('SET', 'cluster-announce-ip', host)
  await admin.config('SET', 'cluster-announce-port', port)
  await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  const isReady = async () => `${await admin.call('CLUSTER', 'INFO')}`.includes('cluster_state:ok')
  while (!(await isReady())) await new Promise((resolve) => setTimeout(resolve, 20))
  admin.disconnect()
  return node
}

test('a connection through sentinels finds the master, and the next sentinel when one is away', async () => {
  const sentinel = await startSentinel('main', addressOf(server.url))
  const away = { host: '127.0.0.1', port: 1 }
  const settings = { sentinels: [away, sentinel], sentinelName: 'main' }
  for (const role of ['request', 'worker'] as const) {
    const client = await opened(settings, role)
    expect(await client.client('GETNAME')).toBe(`chatlane:${role}`)
    client.disconnect()
  }
  sentinel.stop()
})

test('rediss:// is TLS, and only with a certificate that can be trusted', async () => {
  const target = addressOf(server.url)
  const proxy = createServer(selfSigned, (socket) => {
    const inner = connect(target)
    socket.pipe(inner).pipe(socket)
    socket.on('error', () => inner.destroy())
    inner.on('error', () => socket.destroy())
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const url = new URL(server.url)
  url.port = `${z.object({ port: z.int() }).parse(proxy.address()).port}`
  const settings = { url: url.href.replace('redis:', 'rediss:') }

  const distrustful = open(settings, 'request')
  await happens(distrustful, 'reconnecting')
  distrustful.disconnect()
  expect(log).toMatchObject([{ event: 'redis_away', err: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } }])

  setDefaultCACertificates([selfSigned.cert])
  const trusting = await opened(settings, 'request')
  expect(await trusting.ping()).toBe('PONG')
  expect(events()).toEqual(['redis_away'])
  proxy.close()
})

describe('the check of a Redis', () => {
  const set = async (settings: Record<string, string>) => {
    for (const [name, value] of Object.entries(settings)) await operator().config('SET', name, value)
  }

  test('is content with an append-only file and no eviction', async () => {
    const client = await opened({}, 'request')
    expect(await checkRedis(client)).toEqual({
      evicts: false,
      wouldEvict: false,
      policy: 'maxmemory-policy noeviction',
      persistent: true,
      mode: 'standalone',
      version: expect.stringMatching(/^\d+\.\d+/),
    })
  })

  test('finds a policy that throws keys away, if there is a limit', async () => {
    const client = await opened({}, 'request')
    for (const policy of ['allkeys-lru', 'volatile-ttl']) {
      await set({ 'maxmemory-policy': policy, maxmemory: '500mb' })
      expect(await checkRedis(client)).toMatchObject({
        evicts: true,
        policy: `maxmemory-policy ${policy} with maxmemory 500.00M`,
      })
      await set({ maxmemory: '0' })
      expect(await checkRedis(client)).toMatchObject({ evicts: false, wouldEvict: true })
    }
    await set({ 'maxmemory-policy': 'noeviction', maxmemory: '500mb' })
    expect(await checkRedis(client)).toMatchObject({ evicts: false, wouldEvict: false })
    await set({ maxmemory: '0' })
  })

  test('finds that nothing is kept', async () => {
    const client = await opened({}, 'worker')
    await set({ appendonly: 'no' })
    expect(await checkRedis(client)).toMatchObject({ persistent: false })
    await set({ appendonly: 'yes' })
  })

  test('needs no CONFIG, which managed Redis forbids', async () => {
    await operator().acl('SETUSER', 'managed', 'on', '>managed', '~*', '+@all', '-config')
    const url = new URL(server.url)
    url.username = 'managed'
    url.password = 'managed'
    const client = await opened({ url: url.href }, 'request')
    await expect(client.config('GET', 'maxmemory-policy')).rejects.toThrow('NOPERM')
    expect(await checkRedis(client)).toMatchObject({ evicts: false, persistent: true })
  })

  test('finds that it takes no writes', async () => {
    const client = await opened({}, 'request')
    await set({ maxmemory: '1' })
    expect(await checkRedis(client)).toMatchObject({ refuses: 'full' })
    await set({ maxmemory: '0' })
    await operator().replicaof('127.0.0.1', 1)
    expect(await checkRedis(client)).toMatchObject({ refuses: 'replica' })
    await operator().replicaof('NO', 'ONE')
    expect(await checkRedis(client)).not.toHaveProperty('refuses')
  })

  test('fails without Redis', async () => {
    const client = await opened({}, 'request')
    await server.kill()
    await expect(checkRedis(client)).rejects.toThrow()
    await server.start()
  })
})
