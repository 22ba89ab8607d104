import { type RedisServer, redisOfVersion, startRedisServer } from '@chatlane/dev'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { RedisConfig } from '../src/config/config.ts'
import { createLogger } from '../src/logging/logger.ts'
import { isOlder } from '../src/redis/check.ts'
import { connectRedis } from '../src/redis/connection.ts'
import { demandFitRedis } from '../src/redis/fitness.ts'
import { Subscriptions } from '../src/redis/subscriptions.ts'
import { RedisWatch } from '../src/redis/watch.ts'

let server: RedisServer
let operator: Redis
beforeAll(async () => {
  server = await startRedisServer({ 'enable-protected-configs': 'yes' })
  operator = new Redis(server.url)
})
afterAll(async () => {
  operator.disconnect()
  await server.stop()
})

let log: Record<string, unknown>[] = []
const output = { write: (line: string) => void log.push(JSON.parse(line)) }
const logger = createLogger({ level: 'info', content: false }, { service: 'test', output })
beforeEach(() => {
  log = []
})

const configOf = (url: string, more: Partial<RedisConfig> = {}): RedisConfig => ({
  url,
  prefix: 'chatlane',
  minReplicas: 0,
  ...more,
})

const addressOf = (url: string) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) })

/** The url for a user with these rights only. */
async function user(...rights: string[]): Promise<string> {
  await operator.acl('SETUSER', 'app', 'reset', 'on', '>secret', ...rights)
  const url = new URL(server.url)
  url.username = 'app'
  url.password = 'secret'
  return url.href
}

/** Why a process would not start: undefined when it would. */
async function refusal(config: RedisConfig): Promise<string | undefined> {
  const watch = new RedisWatch(logger, config)
  return demandFitRedis(config, logger, watch, { signal: AbortSignal.timeout(60_000) }).then(
    () => undefined,
    (error: unknown) => String(error instanceof Error ? error.message : error),
  )
}

const well = ['~*', '&*', '+@all']

describe('at the start it is refused', () => {
  test.each<[what: string, rights: string[], named: string]>([
    ['a user without channels', ['~*', '+@all'], '&*'],
    ['a user without the channels of the prefix', ['~*', '&other:*', '+@all'], '&chatlane:* &{chatlane:*'],
    ['a user without INFO', [...well, '-@dangerous'], 'app to have +info: ACL SETUSER app +info; '],
    [
      'a user without keys',
      ['~other:*', '&*', '+@all'],
      'app to have ~*: ACL SETUSER app ~*; of keys and channels ~chatlane:* ~{chatlane:* is enough',
    ],
    ['a user without the keys that have no tag', ['~{chatlane:*', '&*', '+@all'], '~chatlane:*'],
    [
      'a user with just one command too few for its few keys',
      ['~chatlane:*', '~{chatlane:*', '&*', '+@all', '-hlen'],
      'app to have +hlen: ',
    ],
    [
      'a user without the channels or the commands for them',
      ['~*', '+@all', '-@pubsub'],
      '+unsubscribe +publish +subscribe &*',
    ],
    ['a user who may only read the keys', ['%R~*', '&*', '+@all'], '~*'],
    ['a user without scripts', [...well, '-eval'], '+eval'],
    ['a user without a command of BullMQ', [...well, '-bzpopmin', '-xtrim'], 'to have +xtrim +bzpopmin:'],
    ['a user without a command of the lanes', [...well, '-zadd'], '+zadd'],
  ])('%s', async (_what, rights, named) => {
    const message = await refusal(configOf(await user(...rights)))
    expect(message).toMatch(/^REDIS_URL: expected the Redis user app to have .*; see docs\/configuration.md#redis_url$/)
    expect(message).toContain(named)
    expect(message).not.toContain('secret')
  })

  test('a Redis that is too old, and none that is not', async () => {
    const old = await redisOfVersion(server.url, '6.2.16')
    onTestFinished(() => old.close())
    expect(await refusal(configOf(old.url))).toMatch(/^REDIS_URL: Redis 6\.2\.16: expected 7\.0 or newer; see /)
    expect(await refusal(configOf(await user(...well)))).toBeUndefined()
    expect(log).toEqual([])
  })

  test('a node of a cluster where there should be none, and the other way around', async () => {
    const node = await startRedisServer({ 'cluster-enabled': 'yes' })
    onTestFinished(() => node.stop())
    expect(await refusal(configOf(node.url))).toMatch(/^REDIS_URL: .*Redis Cluster: set REDIS_CLUSTER/)
    const cluster = [addressOf(server.url)]
    expect(await refusal(configOf(server.url, { cluster }))).toMatch(/^REDIS_CLUSTER: .*single Redis: set REDIS_URL/)
  })
})

test.each<[version: string, than: string, older: boolean]>([
  ['6.2.16', '7.0', true],
  ['7.0.0', '7.0', false],
  ['7', '7.0', false],
  ['10.1', '7.0', false],
  ['255.255.255', '7.0', false],
  ['unknown', '7.0', false],
])('%s is older than %s: %s', (version, than, older) => {
  expect(isOlder(version, than)).toBe(older)
})

describe('while it is used', () => {
  let watch: RedisWatch
  let redis: ReturnType<typeof connectRedis>
  let config: RedisConfig
  beforeEach(async () => {
    config = configOf(await user(...well))
    watch = new RedisWatch(logger, config)
    redis = connectRedis(config, 'worker', logger, watch)
    await redis.ping()
  })
  afterEach(() => redis.disconnect())

  test.each<[what: string, broken: string[][], mended: string[][], words: RegExp]>([
    ['full', [['maxmemory', '1']], [['maxmemory', '0']], /no memory/],
    ['without replicas', [['min-replicas-to-write', '1']], [['min-replicas-to-write', '0']], /min-replicas-to-write/],
    [
      'that may delete messages',
      [
        ['maxmemory', '1gb'],
        ['maxmemory-policy', 'allkeys-lru'],
      ],
      [
        ['maxmemory', '0'],
        ['maxmemory-policy', 'noeviction'],
      ],
      /maxmemory-policy noeviction/,
    ],
  ])('a Redis %s is said once, with the reason, and once when it is mended', async (_what, broken, mended, words) => {
    expect(await watch.problem()).toBeUndefined()
    for (const [name = '', value = ''] of broken) await operator.config('SET', name, value)
    await expect.poll(() => watch.problem()).toMatch(words)
    for (const [name = '', value = ''] of mended) await operator.config('SET', name, value)
    await expect.poll(() => watch.problem()).toBeUndefined()
    await expect.poll(() => log.map(({ event }) => event)).toEqual(['redis_away', 'redis_back'])
    expect(log[0]?.msg).toMatch(words)
  })

  test('a Redis that could not save its files, and has to', async () => {
    const [, folder = ''] = await operator.config('GET', 'dir').then((found) => (Array.isArray(found) ? found : []))
    await operator.config('SET', 'save', '1 1')
    await operator.config('SET', 'dir', '/proc')
    await operator.bgsave().catch(() => {})
    await expect.poll(() => watch.problem()).toMatch(/could not save/)
    await operator.config('SET', 'dir', String(folder))
    await operator.config('SET', 'save', '')
    await expect.poll(() => watch.problem()).toBeUndefined()
  })

  test('a right that is taken away is named', async () => {
    await operator.acl('SETUSER', 'app', '-info')
    await expect.poll(() => watch.problem()).toMatch(/\+info/)
    await operator.acl('SETUSER', 'app', '+info', '-xadd')
    await expect.poll(() => watch.problem()).toMatch(/\+xadd/)
    await operator.acl('SETUSER', 'app', '+xadd')
    await expect.poll(() => watch.problem()).toBeUndefined()
  })

  test('subscriptions that were refused, or got lost, come back and are counted', async () => {
    const subscriber = connectRedis(config, 'subscriber', logger, watch)
    onTestFinished(() => subscriber.disconnect())
    let repairs = 0
    let back = 0
    const subscriptions = new Subscriptions({
      subscriber,
      channels: () => ['chatlane:one', 'chatlane:two'],
      onBack: () => back++,
      onRepair: () => repairs++,
      onError: (error) => void watch.report(error),
    })
    const heard: string[] = []
    subscriber.on('message', (channel: string) => void heard.push(channel))
    const hears = (channel: string) =>
      expect.poll(async () => (await operator.publish(channel, '')) > 0 && heard.includes(channel)).toBe(true)
    await hears('chatlane:two')
    expect(repairs).toBe(0)
    // Something in between forgot it.
    await subscriber.unsubscribe('chatlane:two')
    await subscriptions.look()
    expect(repairs).toBe(1)
    expect(back).toBe(2)
    heard.length = 0
    await hears('chatlane:two')
    // Redis breaks the connections of whom it takes channels from.
    await operator.acl('SETUSER', 'app', 'resetchannels')
    await expect.poll(() => log.some(({ msg }) => String(msg).includes('&*'))).toBe(true)
    await operator.acl('SETUSER', 'app', '&*')
    heard.length = 0
    await hears('chatlane:one')
    expect(repairs).toBe(2)
  })
})
