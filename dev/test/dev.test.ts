import { expect, test } from 'vitest'
import { testRedisUrl } from '../index.ts'
import { isServed, startSource } from './program.ts'

test('dev prints addresses that answer, stays up, and ends with all that it started', async () => {
  const dev = startSource(new URL('../dev.ts', import.meta.url), { REDIS_URL: testRedisUrl() })
  await dev.says(/Ctrl-C stops everything/)
  const urls = [...dev.output().matchAll(/^ {2}(?:\S+ )+ +(http:\/\/\S+)$/gm)].map(([, url = '']) => url)
  expect(urls.length).toBeGreaterThanOrEqual(3)
  for (const url of urls) expect(await isServed(url)).toBe(true)

  dev.kill('SIGINT')
  dev.kill('SIGINT')
  expect(await dev.ended).toBe(0)
  for (const url of urls) expect(await isServed(url)).toBe(false)
})
