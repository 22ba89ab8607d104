import { type LossyProxy, lossyProxy, type RedisServer, startRedisServer } from '@chatlane/dev'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../src/logging/logger.ts'
import { connectRedis } from '../src/redis/connection.ts'
import type { RedisRole } from '../src/redis/role.ts'
import { Subscriptions } from '../src/redis/subscriptions.ts'

// What these wait for is the time that a silent connection is given: no assertion is about how long that is.

let server: RedisServer
let proxy: LossyProxy
const operator = () => {
  const client = new Redis(server.url)
  onTestFinished(() => client.disconnect())
  return client
}
beforeAll(async () => {
  server = await startRedisServer()
})
afterAll(() => server.stop())
beforeEach(async () => {
  proxy = await lossyProxy(server.url)
})
afterEach(() => proxy.close())

let log: Record<string, unknown>[] = []
async function connected(role: RedisRole, url = proxy.url) {
  log = []
  const output = { write: (line: string) => void log.push(JSON.parse(line)) }
  const logger = createLogger({ level: 'info', content: false }, { service: 'test', output })
  const client = connectRedis({ url, prefix: 'chatlane', minReplicas: 0 }, role, logger)
  onTestFinished(() => client.disconnect())
  await ready(client)
  return client
}
const ready = (client: ReturnType<typeof connectRedis>) =>
  new Promise<void>((resolve) => {
    client.once('ready', () => resolve())
  })

test('a worker finds a connection on which nothing arrives any more, and goes on over a new one', async () => {
  const client = await connected('worker')
  proxy.swallow()
  const counted = client.incr('counted')
  const again = proxy.connected()
  proxy.heal()
  await again
  expect(await counted).toBe(1)
  await expect.poll(() => log).toMatchObject([{ event: 'redis_away' }, { event: 'redis_back' }])
})

test('so does the connection on which it waits for jobs, and a wait without jobs is no reason', async () => {
  const connection = await connected('worker')
  const queue = new Queue('silent', { connection })
  const jobs: string[] = []
  let done = () => {}
  const worker = new Worker('silent', async ({ name }) => void jobs.push(name), { connection, drainDelay: 9 })
  worker.on('completed', () => done())
  queue.on('error', () => {})
  worker.on('error', () => {})
  const next = () =>
    new Promise<void>((resolve) => {
      done = resolve
    })
  onTestFinished(async () => {
    await worker.close(true)
    await queue.close()
  })
  await worker.waitUntilReady()
  const blocked = async () => /cmd=bzpopmin/.test(String(await operator().client('LIST')))
  await expect.poll(blocked).toBe(true)
  const before = String(await operator().client('LIST'))
  // longer than any silence that is suspicious
  await new Promise((resolve) => setTimeout(resolve, 14_000))
  const idOf = (list: string) => /id=(\d+) [^\n]*cmd=bzpopmin/.exec(list)?.[1]
  expect(idOf(String(await operator().client('LIST')))).toBe(idOf(before))

  proxy.swallow()
  proxy.heal()
  const completed = next()
  await queue.add('after the silence', {})
  await completed
  expect(jobs).toEqual(['after the silence'])
})

test('a subscriber that never asks anything hears again', async () => {
  const client = await connected('subscriber')
  const heard: string[] = []
  client.on('message', (_channel: string, message: string) => void heard.push(message))
  const nothing = () => {}
  const options = { channels: () => ['news'], onBack: nothing, onRepair: nothing, onError: nothing }
  const subscriptions = new Subscriptions({ subscriber: client, ...options })
  await subscriptions.look()
  const back = ready(client)
  proxy.swallow()
  proxy.heal()
  await back
  await expect.poll(() => operator().publish('news', 'again')).toBeGreaterThan(0)
  await expect.poll(() => heard).toContain('again')
})

test('requests fail at once after the first, until Redis answers again', async () => {
  const client = await connected('request', server.url)
  await server.freeze()
  onTestFinished(() => server.thaw())
  await expect(client.incr('counted')).rejects.toThrow()
  expect(client.status).not.toBe('ready')
  await expect(client.incr('counted')).rejects.toThrow(/writeable/)
  const back = ready(client)
  await server.thaw()
  await back
  expect(await client.ping()).toBe('PONG')
})

test('a request whose answer got lost is never sent a second time', async () => {
  const client = await connected('request')
  await client.set('once', 0)
  proxy.swallow()
  const lost = client.incr('once')
  proxy.heal()
  const back = ready(client)
  await expect(lost).rejects.toThrow()
  await back
  expect(await client.get('once')).toBe('0')
})
