import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { freshPrefix, startRedisServer, testRedisUrl } from '../index.ts'

function connect(url: string): Redis {
  const redis = new Redis(url, { retryStrategy: () => null })
  redis.on('error', () => {})
  onTestFinished(() => redis.disconnect())
  return redis
}

test('tests share one Redis, each with a prefix of its own', async () => {
  const redis = connect(testRedisUrl())
  const [one, two] = [freshPrefix(), freshPrefix()]
  await redis.set(`${one}:whose`, 'one')
  expect(await redis.get(`${two}:whose`)).toBeNull()
})

test('a server of its own keeps what it acknowledged when it is killed and started again', async () => {
  const server = await startRedisServer()
  onTestFinished(() => server.stop())
  await connect(server.url).set('kept', 'yes')

  await server.kill()
  await expect(connect(server.url).ping()).rejects.toThrow()

  await server.start()
  expect(await connect(server.url).get('kept')).toBe('yes')
})

test('a server of its own can have other settings', async () => {
  const server = await startRedisServer({ 'maxmemory-policy': 'allkeys-lru' })
  onTestFinished(() => server.stop())
  expect(await connect(server.url).config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'allkeys-lru'])
})
