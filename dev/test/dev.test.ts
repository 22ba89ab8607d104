import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { freshPrefix, testRedisUrl } from '../index.ts'
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

test('dev in a shell with a real deployment’s settings keeps off its queue, shows none of its secrets and leaves no key', async () => {
  const redis = new Redis(testRedisUrl())
  onTestFinished(() => redis.disconnect())
  const prefix = freshPrefix()
  const dev = startSource(new URL('../dev.ts', import.meta.url), {
    REDIS_URL: testRedisUrl(),
    NODE_ENV: 'production',
    REDIS_PREFIX: prefix,
    UPONAI_API_KEY: 'real-uponai-key',
    UPONAI_WORKSPACE_ID: '4711',
    TWILIO_ACCOUNT_SID: 'AC0123456789abcdef0123456789abcdef',
    TWILIO_AUTH_TOKEN: 'real-twilio-token',
    PUBLIC_URL: 'https://chat.example.com',
    API_KEYS: 'real-api-key',
    SESSION_SECRET: 'real-session-secret',
    WEBHOOK_URL: 'https://crm.example.com/hook?key=real-hook-key',
    WEBHOOK_SECRET: `whsec_${Buffer.from('real webhook secret of 32 bytes.').toString('base64')}`,
  })
  await dev.says(/Ctrl-C stops everything/)
  const [own = ''] = await redis.keys('*chatlane-dev-*:upstreams')
  expect(own).not.toBe('')
  expect(await redis.keys(`*${prefix}*`)).toEqual([])
  expect(dev.output()).not.toMatch(/real-|whsec_/)
  expect(dev.output()).toMatch(/not taken from this shell: .*UPONAI_API_KEY/)

  dev.kill('SIGTERM')
  expect(await dev.ended).toBe(0)
  expect(await redis.keys(`*${own.replace(/:upstreams$/, '')}*`)).toEqual([])
})
