import { startRedisServer } from '@chatlane/dev'
import { expect, onTestFinished, test } from 'vitest'
import { call, expectProblem } from './calls.ts'
import { startApi } from './started-api.ts'

test('however often it is asked, it asks Redis once a second, and says nothing of what it found', async () => {
  const redis = await startRedisServer()
  const api = await startApi({ redisUrl: redis.url })
  onTestFinished(async () => {
    await api.stop()
    await redis.stop()
  })
  const infos = async () => Number(/cmdstat_info:calls=(\d+)/.exec(await api.redis.info('commandstats'))?.[1] ?? 0)
  await infos()
  const before = await infos()
  const began = performance.now()
  const answers = await Promise.all(Array.from({ length: 200 }, () => call(api.url, '/readyz')))
  expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body])))).toEqual(
    new Set([JSON.stringify([200, { status: 'ready' }])]),
  )
  const seconds = (performance.now() - began) / 1_000
  // Some are the watch of the connection, and one is how they are counted.
  expect((await infos()) - before).toBeLessThanOrEqual(10 + 3 * seconds)
  await redis.kill()
  await expect.poll(async () => (await call(api.url, '/readyz')).status, { timeout: 90_000 }).toBe(503)
  expect(expectProblem(await call(api.url, '/readyz'), 503, 'unavailable').detail).toBe('this process is not ready')
})
