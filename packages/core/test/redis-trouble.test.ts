import { once } from 'node:events'
import { createServer } from 'node:http'
import { type RedisServer, startRedisServer } from '@chatlane/dev'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import type { RedisConfig } from '../src/config/config.ts'
import { createLogger } from '../src/logging/logger.ts'
import { BackOff } from '../src/redis/back-off.ts'
import { connectRedis } from '../src/redis/connection.ts'
import { RedisWatch } from '../src/redis/watch.ts'
import { startSentinel } from './redis-sentinel.ts'

let server: RedisServer
let operator: Redis
beforeAll(async () => {
  server = await startRedisServer()
  operator = new Redis(server.url)
})
afterAll(async () => {
  operator.disconnect()
  await server.stop()
})

const addressOf = (url: string) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) })

/** What a process has: a connection of each kind, and BullMQ with its own. */
function process(settings: Partial<RedisConfig>) {
  const config: RedisConfig = { url: server.url, prefix: 'chatlane', minReplicas: 0, ...settings }
  const log: Record<string, unknown>[] = []
  const output = { write: (line: string) => void log.push(JSON.parse(line)) }
  const logger = createLogger({ level: 'info', content: false }, { service: 'test', output })
  const watch = new RedisWatch(logger, config)
  const redis = connectRedis(config, 'worker', logger, watch)
  const subscriber = connectRedis(config, 'subscriber', logger, watch)
  const unexplained: string[] = []
  const onError = (error: unknown) => {
    if (!watch.report(error)) unexplained.push(String(error))
  }
  const queues = ['a', 'b', 'c'].map((name) => new Queue(name, { connection: redis, prefix: 'chatlane' }))
  const done: unknown[] = []
  const workers = ['a', 'b', 'c'].map(
    (name) => new Worker(name, async ({ id }) => void done.push(id), { connection: redis, prefix: 'chatlane' }),
  )
  for (const queue of queues) queue.on('error', onError)
  for (const worker of workers) worker.on('error', onError)
  onTestFinished(async () => {
    await Promise.all(workers.map((worker) => worker.close(true)))
    await Promise.all(queues.map((queue) => queue.close()))
    redis.disconnect()
    subscriber.disconnect()
  })
  const events = () => log.map(({ event }) => event)
  const [queue] = queues
  if (!queue) throw new Error('expected a queue')
  return { log, events, watch, unexplained, queue, done, redis }
}

const warnings: string[] = []
const hear = (warning: Error) => void warnings.push(String(warning))
beforeAll(() => void globalThis.process.on('warning', hear))
afterAll(() => void globalThis.process.off('warning', hear))

/** The url of a user who is not in a file of Redis', and so is gone when Redis ends. */
const asUser = () => server.url.replace('//', '//app:secret@')

test.each<
  [what: string, url: () => string, broken: () => Promise<unknown>, mended: () => Promise<unknown>, words: RegExp]
>([
  [
    'its user is deleted',
    asUser,
    () => operator.acl('DELUSER', 'app'),
    () => operator.acl('SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all'),
    /refuses the user or password in REDIS_URL/,
  ],
  [
    'it becomes a replica',
    asUser,
    () => operator.replicaof('127.0.0.1', 1),
    () => operator.replicaof('NO', 'ONE'),
    /is a replica, which takes no writes/,
  ],
  ['it goes away', () => server.url, () => server.kill(), () => server.start(), /cannot be reached/],
])('when %s there is one line, one when it is well, and work goes on', async (_what, url, broken, mended, words) => {
  await operator.acl('SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all')
  const { log, events, watch, unexplained, queue, done, redis } = process({ url: url() })
  await queue.add('before', {})
  await expect.poll(() => done.length).toBe(1)
  await broken()
  await expect.poll(() => watch.problem()).toBeDefined()
  await expect.poll(() => events()).toEqual(['redis_away'])
  expect(log[0]?.msg).toMatch(words)
  // More than one round of tries, with many commands that want to be made; some troubles end them.
  const many = Promise.allSettled(Array.from({ length: 30 }, () => redis.set('chatlane:many', '1')))
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  await mended()
  await many
  await queue.add('after', {})
  await expect.poll(() => done.length).toBe(2)
  await expect.poll(() => events()).toEqual(['redis_away', 'redis_back'])
  expect(await watch.problem()).toBeUndefined()
  expect(JSON.stringify(log)).not.toMatch(/stack|secret/)
  expect({ unexplained, warnings }).toEqual({ unexplained: [], warnings: [] })
})

test.each<[what: string, settings: () => Promise<Partial<RedisConfig>>, words: RegExp]>([
  [
    'no sentinel is there',
    async () => ({ sentinels: [{ host: '127.0.0.1', port: 1 }], sentinelName: 'main' }),
    /REDIS_SENTINELS/,
  ],
  [
    'the sentinels know no such master',
    async () => {
      const sentinel = await startSentinel('main', addressOf(server.url))
      onTestFinished(() => void sentinel.stop())
      return { sentinels: [sentinel], sentinelName: 'other' }
    },
    /REDIS_SENTINEL_NAME/,
  ],
  [
    'the sentinels want a password',
    async () => {
      const sentinel = await startSentinel('main', addressOf(server.url), 'pass')
      onTestFinished(() => void sentinel.stop())
      return { sentinels: [sentinel], sentinelName: 'main' }
    },
    /REDIS_SENTINEL_PASSWORD/,
  ],
  [
    'HTTP is spoken at the port',
    async () => {
      const http = createServer().listen(0, '127.0.0.1')
      await once(http, 'listening')
      onTestFinished(() => void http.close())
      const { port } = z.object({ port: z.int() }).parse(http.address())
      return { url: `redis://127.0.0.1:${port}` }
    },
    /is not Redis: correct REDIS_URL/,
  ],
  ['the password is wrong', async () => ({ url: server.url.replace('//', '//nobody:secret@') }), /user or password/],
  [
    'TLS is not spoken at the port',
    async () => ({ url: server.url.replace('redis:', 'rediss:') }),
    /TLS \(rediss:\/\/\) or not/,
  ],
])('when %s at the start there is one line that says what to do', async (_what, settings, words) => {
  const { log, events, unexplained } = process(await settings())
  await expect.poll(() => events()).toEqual(['redis_away'])
  expect(log[0]?.msg).toMatch(words)
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  expect(events()).toEqual(['redis_away'])
  expect(JSON.stringify(log)).not.toMatch(/stack|secret/)
  expect({ unexplained, warnings }).toEqual({ unexplained: [], warnings: [] })
})

test('sentinels are asked with their password', async () => {
  const sentinel = await startSentinel('main', addressOf(server.url), 'pass')
  onTestFinished(() => void sentinel.stop())
  const { redis } = process({ sentinels: [sentinel], sentinelName: 'main', sentinelPassword: 'pass' })
  expect(await redis.ping()).toBe('PONG')
})

test('the pauses between tries grow, for all connections together, also when a connection is made and refused at once', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const backOff = new BackOff()
  const longest: number[] = []
  for (let round = 0; round < 9; round++) {
    const pauses = Array.from({ length: 40 }, () => backOff.next())
    longest.push(Math.max(...pauses))
    // Those of one round differ, and by no more than a quarter up and down.
    expect(Math.max(...pauses) / Math.min(...pauses)).toBeLessThanOrEqual(1.25 / 0.75)
    vi.advanceTimersByTime(longest.at(-1) ?? 0)
  }
  expect(longest[0]).toBeLessThan(100)
  expect(longest.at(-1)).toBeGreaterThan(2_500)
  expect(longest.at(-1)).toBeLessThanOrEqual(3_750)
  vi.advanceTimersByTime(60_000)
  expect(backOff.next()).toBeLessThan(100)
})
