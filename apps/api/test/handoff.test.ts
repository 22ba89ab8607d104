import { keysLike } from '@chatlane/dev'
import { Lanes } from '@chatlane/lanes'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { anonymous, asToken, call, expectProblem, newConversation, say } from './calls.ts'
import { readEvents } from './event-reader.ts'
import { type StartedApi, startApi } from './started-api.ts'
import { inbound, messages, postForm } from './twilio-requests.ts'

let api: StartedApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

const post = (id: string, what: string, body?: unknown, headers = {}) =>
  call(api.url, `/v1/conversations/${id}/${what}`, { method: 'POST', headers, ...(body !== undefined && { body }) })

const list = z.object({ items: z.array(z.record(z.string(), z.unknown())) })

async function itemsOf(id: string) {
  return list.parse((await call(api.url, `/v1/conversations/${id}/messages`)).body).items
}

describe('POST /v1/conversations/{id}/handoff and /resume', () => {
  test('answer with the conversation, and do nothing when there is nothing to do', async () => {
    const { id } = await newConversation(api.url)
    const before = await call(api.url, `/v1/conversations/${id}`)
    expect(before.body).not.toHaveProperty('handed_off')
    for (let n = 0; n < 2; n++) {
      const answer = await post(id, 'handoff')
      expect(answer.status).toBe(200)
      expect(answer.body).toMatchObject({ conversation_id: id, status: 'open', handed_off: true })
      expect(answer.body).toEqual((await call(api.url, `/v1/conversations/${id}`)).body)
    }
    for (const body of [{ tell_agent: true }, undefined]) {
      const answer = await post(id, 'resume', body)
      expect(answer.status).toBe(200)
      expect(answer.body).not.toHaveProperty('handed_off')
    }
    const reader = await readEvents(`${api.url}/v1/conversations/${id}/events?after=0`, {
      authorization: 'Bearer key-of-the-tests',
    })
    await say(api.url, id, 'the last one')
    await reader.until(() => reader.events.some(({ event }) => event === 'message'))
    reader.close()
    expect(reader.events.filter(({ event }) => event === 'status').map(({ data }) => data)).toEqual([
      { conversation: 'handed_off' },
      { conversation: 'resumed' },
    ])
  })

  test.each(['handoff', 'resume', 'replies'])('%s is for API keys only', async (what) => {
    const { id, token } = await newConversation(api.url)
    expectProblem(await post(id, what, { text: 'x' }, anonymous), 401, 'unauthorized')
    expectProblem(await post(id, what, { text: 'x' }, asToken(token)), 401, 'unauthorized')
    expectProblem(await post('c0_0123456789012345678901', what, { text: 'x' }), 404, 'not_found')
    expect((await call(api.url, `/v1/conversations/${id}`)).body).not.toHaveProperty('handed_off')
  })

  test('resume says what was wrong with its body', async () => {
    const { id } = await newConversation(api.url)
    await post(id, 'handoff')
    for (const body of [{ tell_agent: 'yes' }, { tell: true }]) {
      expectProblem(await post(id, 'resume', body), 400, 'invalid_request')
    }
    expect((await call(api.url, `/v1/conversations/${id}`)).body).toMatchObject({ handed_off: true })
  })

  test('of many at once, the last state is one of the two, and is what the ledger says last', async () => {
    const { id } = await newConversation(api.url)
    const both = Array.from({ length: 20 }, (_, n) => post(id, n % 2 === 0 ? 'handoff' : 'resume', {}))
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual(both.map(() => 200))
    const { body } = await call(api.url, `/v1/conversations/${id}`)
    const reader = await readEvents(`${api.url}/v1/conversations/${id}/events?after=0`, {
      authorization: 'Bearer key-of-the-tests',
    })
    await say(api.url, id, 'the last one')
    await reader.until(() => reader.events.some(({ event }) => event === 'message'))
    reader.close()
    const last = reader.events.filter(({ event }) => event === 'status').at(-1)?.data
    expect(last).toEqual({ conversation: z.looseObject({}).parse(body).handed_off ? 'handed_off' : 'resumed' })
  })
})

describe('POST /v1/conversations/{id}/replies', () => {
  test('needs a conversation that is handed off', async () => {
    const { id } = await newConversation(api.url)
    expectProblem(await post(id, 'replies', { text: 'hi' }), 409, 'not_handed_off')
    expect(await itemsOf(id)).toEqual([])
  })

  test('shows the reply at once on the web, as an operator’s', async () => {
    const { id, token } = await newConversation(api.url)
    await post(id, 'handoff')
    const reader = await readEvents(`${api.url}/v1/conversations/${id}/events?token=${token}`)
    const answer = await post(id, 'replies', { text: 'Ada here' })
    expect(answer.status).toBe(202)
    expect(answer.body).toEqual({ message_id: expect.any(String), conversation_id: id, status: 'delivered' })
    await reader.until(() => reader.events.length === 1)
    reader.close()
    const item = { role: 'agent', by: 'operator', text: 'Ada here', channel: 'web', status: 'delivered' }
    expect(reader.events).toMatchObject([{ event: 'message', data: item }])
    expect(await itemsOf(id)).toMatchObject([item])
  })

  test.each(['web', 'sms'])('on %s a repeat sends nothing twice, however often it comes at once', async (channel) => {
    const id = channel === 'web' ? (await newConversation(api.url)).id : await smsConversation('+15005552001')
    const deliveries = new Lanes({ name: 'deliveries', connection: api.redis, prefix: api.prefix })
    await post(id, 'handoff')
    const body = { text: 'once', client_message_id: 'reply-1' }
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(id, 'replies', body)))
    const status = channel === 'web' ? 'delivered' : 'queued'
    expect(answers.map((answer) => answer.status)).toEqual([202, 202, 202, 202, 202])
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1)
    expect(answers[0]?.body).toMatchObject({ status })
    const header = { 'idempotency-key': 'reply-1' }
    expect((await post(id, 'replies', { text: 'once' }, header)).body).toEqual(answers[0]?.body)
    expectProblem(await post(id, 'replies', { ...body, text: 'other' }), 409, 'conflict')
    expect((await post(id, 'replies', { text: 'once', client_message_id: 'reply-2' })).status).toBe(202)
    // Of the same id as a participant's message, it is another one all the same.
    if (channel === 'web') await call(api.url, `/v1/conversations/${id}/messages`, { body })
    expect((await itemsOf(id)).filter(({ by }) => by === 'operator')).toHaveLength(2)
    expect(await deliveries.waiting(id)).toBe(channel === 'web' ? 0 : 2)
    await post(id, 'resume')
    expect((await post(id, 'replies', body)).body).toEqual(answers[0]?.body)
    expectProblem(await post(id, 'replies', { text: 'late', client_message_id: 'reply-3' }), 409, 'not_handed_off')
    await deliveries.close()
  })

  test.each([
    ['a blank text', { text: '  ' }, 400, 'invalid_request'],
    ['no text', {}, 400, 'invalid_request'],
    ['an empty id', { text: 'x', client_message_id: '' }, 400, 'invalid_request'],
    ['a text that is too long', { text: 'x'.repeat(8_001) }, 413, 'too_large'],
  ])('refuses %s', async (_, body, status, code) => {
    const { id } = await newConversation(api.url)
    await post(id, 'handoff')
    expectProblem(await post(id, 'replies', body), status, code)
    expect(await itemsOf(id)).toEqual([])
  })

  test('what is kept of it has an end', async () => {
    const { id } = await newConversation(api.url)
    await post(id, 'handoff')
    await post(id, 'replies', { text: 'x', client_message_id: 'kept' })
    const all = await keysLike(api.redis, `{${api.prefix}:*${id}*`)
    // Without a worker an item that opens the chat waits.
    const keys = all.filter((key) => !key.includes(':mail:'))
    const times = await Promise.all(keys.map((key) => api.redis.pttl(key)))
    expect(keys.length).toBeGreaterThanOrEqual(3)
    expect(times.filter((ms) => ms <= 0)).toEqual([])
  })
})

async function smsConversation(from: string): Promise<string> {
  expect((await postForm(api.url, messages, inbound({ From: from }))).status).toBe(204)
  const { conversations } = await api.conversations.list({ participant: from, limit: 1 })
  return conversations[0]?.id ?? ''
}
