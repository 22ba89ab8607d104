import { startRedisServer } from '@chatlane/dev'
import { expect, onTestFinished, test } from 'vitest'
import { cloneConversations } from '../router/clones.ts'
import { drained, TEXT, write } from '../router/filling.ts'
import { onRouter } from '../router/on-router.ts'
import { fullSpeedAt, rateBetween, timeOf } from '../router/rate.ts'
import { talkedConversations } from '../router/talked.ts'
import { benchRows } from './bench.ts'

test('slow answers, as many as there are places', async () => {
  const [row] = await benchRows('6', '0.01')
  expect(row).toMatchObject({ n: 6, name: expect.stringContaining('50 conversations'), against: { ideal: 25 } })
  expect(Object.keys(row?.ratio ?? {})).toContain('10 s, 1 queue')
}, 420_000)

test('those that hang beside the others', async () => {
  const [row] = await benchRows('7', '0.05')
  expect(row).toMatchObject({ n: 7, unit: 'ms', against: { without: expect.any(Number) }, reach: 1.1 })
}, 420_000)

test('idle conversations, at three sizes', async () => {
  const [row] = await benchRows('8', '0.01')
  expect(row).toMatchObject({ n: 8, unit: 'bytes/conversation' })
  expect(row?.reach).toEqual({ bytes: 3_000, 'closing timer': 250, 'time at 1,000': 1.1, 'time at 10,000': 1.1 })
}, 420_000)

test('a backlog, tenth by tenth', async () => {
  const [row] = await benchRows('9', '0.005')
  expect(row).toMatchObject({ n: 9, unit: 'µs/message', reach: { time: 1.1, heap: 1.1, rss: 1.1 } })
}, 420_000)

test('shards on the nodes of a cluster', async () => {
  const [row] = await benchRows('10', '0.1')
  expect(row).toMatchObject({ n: 10, reach: { '12 shards': 0.15 }, ratio: { 'cross-slot errors': 0 } })
})

test('a fresh worker', async () => {
  const [row] = await benchRows('11', '0.02')
  expect(row).toMatchObject({ n: 11, unit: 's', reach: 2, against: { ready: expect.any(Number) } })
}, 420_000)

test('a copied conversation goes on like the one that was really made', async () => {
  const redis = await startRedisServer()
  onTestFinished(() => redis.stop())
  await onRouter({ redisUrl: redis.url }, async (router) => {
    await router.startWorker()
    const [real] = await talkedConversations(router, 1, 2)
    if (!real) throw new Error('expected a conversation')
    const [clone] = await cloneConversations(router.redis, router.prefix, real, 1)
    if (!clone) throw new Error('expected a copy')
    await write(router, [clone])
    await drained(router)
    const { items } = await router.conversations.messages(clone.id, '0', 100)
    expect(items.map(({ role, status }) => `${role} ${status}`)).toEqual(
      Array.from({ length: 3 }, () => ['user answered', 'agent delivered']).flat(),
    )
    expect(items.at(-2)?.text).toBe(TEXT)
  })
}, 420_000)

test('the rate between two answers lies within slices of time', () => {
  const slices: [number, number][] = [
    [1_000, 10],
    [1_050, 4],
    [1_200, 10],
    [1_050, 6],
  ]
  expect(timeOf(slices, 20)).toBe(1_100)
  expect(timeOf(slices, 25)).toBe(1_225)
  expect(rateBetween(slices, 10, 30)).toBe(100)
  expect(() => timeOf(slices, 31)).toThrow('expected 31 answers')
})

test('full speed begins with the first window that is nearly as fast as the later ones', () => {
  const slices = Array.from({ length: 100 }, (_, n): [number, number] => [n * 50, n < 20 ? 1 : 10])
  const { at, perSecond } = fullSpeedAt(slices)
  expect(perSecond).toBe(200)
  expect(at).toBe(25 * 50)
})
