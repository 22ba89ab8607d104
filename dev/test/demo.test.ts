import { expect, test } from 'vitest'
import { testRedisUrl } from '../index.ts'
import { isServed, startSource } from './program.ts'

test('the demo does all it promises, tells it in 100 plain columns, and leaves nothing running', async () => {
  const demo = startSource(new URL('../demo/main.ts', import.meta.url), { REDIS_URL: testRedisUrl() })
  const code = await demo.ended
  expect(code, demo.output()).toBe(0)

  const lines = demo.output().split('\n')
  expect(lines.filter((line) => [...line].length > 100)).toEqual([])
  expect(lines.filter((line) => line.includes('\u001b'))).toEqual([])

  const urls = [...demo.output().matchAll(/http:\/\/127\.0\.0\.1:\d+/g)].map(([url]) => url)
  expect(urls).toHaveLength(2)
  for (const url of urls) expect(await isServed(url)).toBe(false)
})

test('a demo that cannot do what it promises says why and does not end with 0', async () => {
  const demo = startSource(new URL('../demo/main.ts', import.meta.url), { REDIS_URL: 'redis://127.0.0.1:1' })
  expect(await demo.ended).toBe(1)
  expect(demo.output()).toContain('REDIS_URL: expected a Redis at redis://127.0.0.1:1')
})

test('Ctrl-C, which pnpm hands on a second time, ends the demo and all that it started', async () => {
  const demo = startSource(new URL('../demo/main.ts', import.meta.url), { REDIS_URL: testRedisUrl() })
  await demo.says(/Bruno .*lamp/)
  demo.kill('SIGINT')
  demo.kill('SIGINT')
  expect(await demo.ended).toBe(130)
  const urls = [...demo.output().matchAll(/http:\/\/127\.0\.0\.1:\d+/g)].map(([url]) => url)
  expect(urls).toHaveLength(2)
  for (const url of urls) expect(await isServed(url)).toBe(false)
})
