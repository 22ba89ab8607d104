import { connectRedis, createLogger, shardOfConversation } from '@chatlane/core'
import { Lanes, LaneWorker } from '@chatlane/lanes'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { call, newConversation, say } from './calls.ts'
import { type StartedApi, startApi } from './started-api.ts'

const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`

let api: StartedApi
beforeAll(async () => {
  api = await startApi({ env: { WEBHOOK_URL: 'http://127.0.0.1:9/', WEBHOOK_SECRET: secret } })
})
afterAll(() => api.stop())

const list = z.object({ items: z.array(z.looseObject({ id: z.string(), event: z.string() })) })

test('an accepted message is told in the same step, once for its key, and given up it can be replayed over HTTP', async () => {
  const { id } = await newConversation(api.url)
  const body = { text: 'once', client_message_id: 'mine' }
  for (const _ of [1, 2]) await call(api.url, `/v1/conversations/${id}/messages`, { body })
  await say(api.url, id, 'another')
  expect(await api.webhooks.waiting(id)).toBe(2)

  const logger = createLogger({ level: 'silent', content: false }, { service: 'test' })
  const connection = connectRedis(api.config.redis, 'worker', logger)
  const lanes = new Lanes({ name: 'webhooks', connection, prefix: api.prefix, shardOf: shardOfConversation })
  const worker = new LaneWorker(lanes, { handler: async () => ({ do: 'bury', reason: 'gone', detail: '410' }) })
  await expect.poll(() => lanes.waiting(id)).toBe(0)
  await worker.close()
  await lanes.close()
  connection.disconnect()

  const { items } = list.parse((await call(api.url, '/v1/dead-letters?kind=webhook')).body)
  expect(items).toMatchObject([
    { kind: 'webhook', event: 'message.received', conversation_id: id, message_id: null, reason: 'gone' },
    { kind: 'webhook', event: 'message.received', conversation_id: id },
  ])
  const replayed = await call(api.url, '/v1/dead-letters/replay', { method: 'POST', body: { kind: 'webhook' } })
  expect(replayed).toMatchObject({ status: 202, body: { replayed: 2, may_repeat: 0 } })
  expect(await api.webhooks.waiting(id)).toBe(2)
})
