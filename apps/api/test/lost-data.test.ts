import { startRedisServer } from '@chatlane/dev'
import { expect, onTestFinished, test } from 'vitest'
import { startApi } from './started-api.ts'
import { inbound, messages, postForm } from './twilio-requests.ts'

test('after Redis lost its data a known person gets a whole conversation again', async () => {
  const redis = await startRedisServer({ save: '', appendonly: 'no' })
  onTestFinished(() => redis.stop())
  const api = await startApi({ redisUrl: redis.url })
  onTestFinished(() => api.stop())
  const people = async () => (await api.conversations.list({ limit: 10 })).conversations
  expect((await postForm(api.url, messages, inbound())).status).toBe(204)
  expect(await people()).toHaveLength(1)
  await redis.kill()
  await redis.start()
  const sms = inbound()
  await expect.poll(async () => (await postForm(api.url, messages, sms)).status).toBe(204)
  expect(await people()).toMatchObject([{ participant: '+15005550001', agentId: 'chat_agent_sms' }])
})
