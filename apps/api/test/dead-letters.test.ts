import { connectRedis, createLogger, shardOfConversation } from '@chatlane/core'
import { Lanes, LaneWorker } from '@chatlane/lanes'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { anonymous, call, expectProblem, newConversation, say } from './calls.ts'
import { type StartedApi, startApi } from './started-api.ts'

let api: StartedApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

const list = z.object({
  items: z.array(
    z.looseObject({
      id: z.string(),
      conversation_id: z.string(),
      message_id: z.string().nullable(),
      text: z.string().nullable(),
    }),
  ),
  next: z.string().nullable(),
})

/** Works everything off by giving it up; gives the texts of messages in the order in which they came. */
async function buryAll({ name = 'turns', reason = 'uponai_rejected', note }: Burying = {}): Promise<string[]> {
  const texts: string[] = []
  const connection = connectRedis(
    api.config.redis,
    'worker',
    createLogger({ level: 'silent', content: false }, { service: 'test' }),
  )
  const lanes = new Lanes({ name, connection, prefix: api.prefix, shardOf: shardOfConversation })
  const worker = new LaneWorker(lanes, {
    handler: async (item) => {
      if (item.id === 'open') return { do: 'commit' }
      texts.push(z.object({ text: z.string().catch('') }).parse(JSON.parse(item.data)).text)
      return { do: 'bury', reason, detail: 'it said no' }
    },
    onBury: () => (note === undefined ? {} : { note }),
  })
  await expect.poll(() => connection.hlen(lanes.shardKeys(0).lanes)).toBe(0)
  await worker.close()
  await lanes.close()
  connection.disconnect()
  return texts
}

interface Burying {
  name?: string
  reason?: string
  note?: string
}

const read = async (query = '') => list.parse((await call(api.url, `/v1/dead-letters${query}`)).body)
const letters = async (query = '') => (await read(query)).items
const post = (path: string, body?: unknown) => call(api.url, `/v1/dead-letters${path}`, { method: 'POST', body })

/** A delivery that was given up, as workers leave it; gives its conversation. */
async function buriedDelivery(text: string, note: { status: string; part: number }): Promise<string> {
  const { id } = await newConversation(api.url)
  const deliveries = new Lanes({
    name: 'deliveries',
    connection: api.redis,
    prefix: api.prefix,
    shardOf: shardOfConversation,
  })
  await deliveries.add(id, { id: '1700000000000-0', data: JSON.stringify({ to: '+14155550123', text }) })
  await deliveries.close()
  await buryAll({ name: 'deliveries', note: JSON.stringify(note) })
  return id
}

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
    tries: 1,
    may_repeat: false,
    at: expect.stringMatching(/Z$/),
  })
  expect((await call(api.url, `/v1/dead-letters/${letter?.id}`)).body).toEqual({
    ...letter,
    history: [{ at: letter?.at, detail: 'it said no' }],
    messages: [expect.objectContaining({ id: message, role: 'user', text: 'nobody wanted this' })],
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

test('the list goes page by page, through those that fit', async () => {
  const { id } = await newConversation(api.url)
  for (const text of ['one', 'two', 'three']) await say(api.url, id, text)
  await buryAll({ reason: 'no_answer' })
  await say(api.url, id, 'four')
  await buryAll({ reason: 'other' })
  const of = `?conversation_id=${id}&kind=message`
  expect((await letters(of)).map(({ text }) => text)).toEqual(['four', 'three', 'two', 'one'])
  const first = await read(`${of}&reason=no_answer&limit=2`)
  expect(first.items.map(({ text }) => text)).toEqual(['three', 'two'])
  const second = await read(`${of}&reason=no_answer&limit=2&cursor=${first.next}`)
  expect(second).toMatchObject({ items: [{ text: 'one' }], next: null })
  expectProblem(await call(api.url, '/v1/dead-letters?cursor=x'), 400, 'invalid_request')
})

test('all that fit are replayed in the order in which they were given up', async () => {
  const { id } = await newConversation(api.url)
  const said = Array.from({ length: 12 }, (_, i) => `${i}`)
  for (const text of said) await say(api.url, id, text)
  await buryAll({ reason: 'attempts_exhausted' })
  await say(api.url, id, 'since')
  const body = { reason: 'attempts_exhausted', conversation_id: id }
  expect(await post('/replay', body)).toMatchObject({ status: 202, body: { replayed: 12, may_repeat: 0 } })
  expect(await buryAll()).toEqual(['since', ...said])
  expect(await post('/replay', body)).toMatchObject({ body: { replayed: 0, may_repeat: 0 } })
  expectProblem(await post('/replay', { reson: 'x' }), 400, 'invalid_request')
})

test('without a body all are replayed', async () => {
  const { id } = await newConversation(api.url)
  await say(api.url, id, 'hello')
  await buryAll()
  const count = (await letters('?limit=1000')).filter((letter) => letter.may_repeat !== true).length
  expect(await post('/replay')).toMatchObject({ status: 202, body: { replayed: count } })
  await buryAll()
})

test('what may have been done is not done again unless forced', async () => {
  const id = await buriedDelivery('perhaps', { status: 'unknown', part: 0 })
  const [letter] = await letters(`?conversation_id=${id}`)
  expect(letter).toMatchObject({
    kind: 'delivery',
    message_id: '1700000000000-0',
    to: '+14155550123',
    may_repeat: true,
  })
  const problem = expectProblem(await post(`/${letter?.id}/replay`), 409, 'may_repeat')
  expect(problem.detail).toContain('"force": true')
  expect(await post('/replay', { conversation_id: id })).toMatchObject({ body: { replayed: 0, may_repeat: 1 } })
  expect(await letters(`?conversation_id=${id}`)).toHaveLength(1)
  expect(await post(`/${letter?.id}/replay`, { force: true })).toMatchObject({ status: 202 })
  expect(await buryAll({ name: 'deliveries' })).toEqual(['perhaps'])
})

test('a delivery that was not sent is replayed like a message', async () => {
  const id = await buriedDelivery('never left', { status: 'failed', part: 0 })
  const body = { kind: 'delivery', conversation_id: id }
  expect(await post('/replay', body)).toMatchObject({ body: { replayed: 1, may_repeat: 0 } })
  expect(await buryAll({ name: 'deliveries' })).toEqual(['never left'])
})

test('an item of a newer version is shown as far as it is understood, and can be replayed', async () => {
  const { id } = await newConversation(api.url)
  await api.lanes.add(id, { id: 'new', data: '{"kind":"hologram","text":{"html":"<b>"}}' })
  await buryAll()
  const [letter] = await letters(`?conversation_id=${id}`)
  expect(letter).toMatchObject({ kind: 'hologram', text: null, message_id: null })
  expect(await post(`/${letter?.id}/replay`)).toMatchObject({ status: 202, body: { message_id: null } })
})

test('all of it is for servers with an API key', async () => {
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/x'],
    ['POST', '/replay'],
    ['POST', '/x/replay'],
    ['DELETE', '/x'],
  ] as const) {
    expectProblem(await call(api.url, `/v1/dead-letters${path}`, { method, headers: anonymous }), 401, 'unauthorized')
  }
})

test.each([
  'x',
  Buffer.from('c0_AAAAAAAAAAAAAAAAAAAAAA/1-1').toString('base64url'),
  Buffer.from('c99_AAAAAAAAAAAAAAAAAAAAAA/1-1').toString('base64url'),
  '%00',
])('%s is no dead letter', async (id) => {
  expectProblem(await call(api.url, `/v1/dead-letters/${id}`), 404, 'not_found')
  expectProblem(await call(api.url, `/v1/dead-letters/${id}/replay`, { method: 'POST' }), 404, 'not_found')
  expectProblem(await call(api.url, `/v1/dead-letters/${id}`, { method: 'DELETE' }), 404, 'not_found')
})

test('a list ends early when its texts are long', async () => {
  const { id } = await newConversation(api.url)
  const long = '👋'.repeat(8_000)
  for (let i = 0; i < 70; i++) await say(api.url, id, long)
  await buryAll()
  const query = `?conversation_id=${id}&limit=1000`
  const first = await read(query)
  // An emoji is two units of a text's length.
  expect(first.items).toHaveLength(63)
  expect((await read(`${query}&cursor=${first.next}`)).items).toHaveLength(7)
})
