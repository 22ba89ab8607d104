import { connectRedis, createLogger, shardOfConversation } from '@chatlane/core'
import { Lanes, LaneWorker } from '@chatlane/lanes'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { call, expectProblem, newConversation, say } from './calls.ts'
import { type StartedApi, startApi } from './started-api.ts'

let api: StartedApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

const list = z.object({
  items: z.array(z.looseObject({ id: z.string(), conversation_id: z.string(), message_id: z.string().nullable() })),
})

/** Works everything off by giving it up, until something is a dead letter. */
async function buryAll(): Promise<void> {
  const connection = connectRedis(
    api.config.redis,
    'worker',
    createLogger({ level: 'silent', content: false }, { service: 'test' }),
  )
  const lanes = new Lanes({ name: 'turns', connection, prefix: api.prefix, shardOf: shardOfConversation })
  const worker = new LaneWorker(lanes, {
    handler: async (item) =>
      item.id === 'open' ? { do: 'commit' } : { do: 'bury', reason: 'uponai_rejected', detail: 'it said no' },
  })
  await expect.poll(() => api.redis.hlen(api.lanes.shardKeys(0).lanes)).toBe(0)
  await worker.close()
  await lanes.close()
  connection.disconnect()
}

const letters = async () => list.parse((await call(api.url, '/v1/dead-letters')).body).items

test('what was given up is listed, and goes back into its lane under its id', async () => {
  const { id } = await newConversation(api.url)
  const message = await say(api.url, id, 'nobody wanted this')
  await buryAll()
  const [letter] = await letters()
  expect(letter).toEqual({
    id: expect.stringMatching(/^[\w-]+$/),
    conversation_id: id,
    kind: 'message',
    message_id: message,
    text: 'nobody wanted this',
    reason: 'uponai_rejected',
    detail: 'it said no',
    tries: expect.any(Number),
    at: expect.stringMatching(/Z$/),
  })

  const replay = () => call(api.url, `/v1/dead-letters/${letter?.id}/replay`, { method: 'POST' })
  expect(await replay()).toMatchObject({
    status: 202,
    body: { id: letter?.id, conversation_id: id, message_id: message, status: 'queued' },
  })
  expectProblem(await replay(), 404, 'not_found')
  expect(await letters()).toEqual([])
  expect((await call(api.url, `/v1/conversations/${id}`)).body).toMatchObject({ pending: 1 })
})

test('a replayed message is queued again, and can be answered', async () => {
  const { id } = await newConversation(api.url)
  const message = await say(api.url, id, 'again')
  await buryAll()
  const status = async () => (await api.conversations.messages(id, '0', 10)).items[0]?.status
  await api.conversations.noteDelivery(id, message, { status: 'failed', reason: 'uponai_rejected', once: '1' })
  expect(await status()).toBe('failed')
  const letter = (await letters()).find((one) => one.message_id === message)
  await call(api.url, `/v1/dead-letters/${letter?.id}/replay`, { method: 'POST' })
  expect(await status()).toBe('queued')
  await api.conversations.noteDelivery(id, message, { status: 'answered', once: '2' })
  expect(await status()).toBe('answered')
})

test('a dead letter can be removed', async () => {
  const { id } = await newConversation(api.url)
  const message = await say(api.url, id, 'never mind')
  await buryAll()
  const letter = (await letters()).find((one) => one.message_id === message)
  const remove = () => call(api.url, `/v1/dead-letters/${letter?.id}`, { method: 'DELETE' })
  expect(await remove()).toMatchObject({ status: 204, body: undefined })
  expectProblem(await remove(), 404, 'not_found')
  expect((await letters()).find((one) => one.message_id === message)).toBeUndefined()
})

test.each([
  'x',
  Buffer.from('c0_AAAAAAAAAAAAAAAAAAAAAA/1-1').toString('base64url'),
  Buffer.from('c99_AAAAAAAAAAAAAAAAAAAAAA/1-1').toString('base64url'),
  '%00',
])('%s is no dead letter', async (id) => {
  expectProblem(await call(api.url, `/v1/dead-letters/${id}/replay`, { method: 'POST' }), 404, 'not_found')
  expectProblem(await call(api.url, `/v1/dead-letters/${id}`, { method: 'DELETE' }), 404, 'not_found')
})
