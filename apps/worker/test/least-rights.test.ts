import { readFileSync } from 'node:fs'
import { startRedisServer } from '@chatlane/dev'
import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { apiBeside } from './api-beside.ts'
import { NUMBER, stage } from './stage.ts'

const page = readFileSync(new URL('../../../docs/redis.md', import.meta.url), 'utf8')

test('the user that docs/redis.md shows is enough for messages there and back', async () => {
  const [, rights = ''] = /^ACL SETUSER chatlane (on .*)$/m.exec(page) ?? []
  const redis = await startRedisServer()
  onTestFinished(() => redis.stop())
  const operator = new Redis(redis.url)
  onTestFinished(() => operator.disconnect())
  await operator.call('ACL', 'SETUSER', 'chatlane', ...rights.split(' '))
  const url = new URL(redis.url)
  url.username = 'chatlane'
  url.password = 'password'
  const s = await stage({ env: { REDIS_URL: url.href, REDIS_PREFIX: 'chatlane', AUTO_CLOSE_AFTER_MS: '1000' } })
  onTestFinished(() => s.stop())
  const api = await apiBeside(s)
  onTestFinished(() => api.kill())
  const from = '+14155550101'
  expect((await s.sandbox.sendSms({ from, to: NUMBER, body: 'hello' })).status).toBe(204)
  const conversation = await s.text(from, 'and again')
  await s.settled(conversation, (items) => items.filter(({ status }) => status === 'delivered').length >= 2)
  await expect.poll(async () => (await s.conversations.find(conversation.id))?.chatId).toBeUndefined()
  expect(await operator.call('ACL', 'LOG')).toEqual([])
})
