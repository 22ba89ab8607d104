import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectProblem, newConversation } from './calls.ts'
import { type StartedApi, startApi, webhookKey } from './started-api.ts'

let api: StartedApi
let id: string
beforeAll(async () => {
  api = await startApi()
  id = (await newConversation(api.url)).id
})
afterAll(() => api.stop())

const signature = (body: string, at = Date.now(), key = webhookKey) =>
  `v=${at},d=${createHmac('sha256', key).update(body).update(String(at)).digest('hex')}`

async function post(body: string, header: string | undefined = signature(body), type = 'application/json') {
  const response = await fetch(`${api.url}/webhooks/uponai`, {
    method: 'POST',
    headers: { 'content-type': type, ...(header !== '' && { 'x-retell-signature': header }) },
    body,
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
}

const event = (name: string, chat: string, conversation: string = id) =>
  JSON.stringify({
    event: name,
    chat: { chat_id: chat, chat_status: 'ended', metadata: { conversation_id: conversation } },
  })

const ended = async () => (await api.conversations.find(id))?.endedChatId

test('the end of a chat is noted before the answer', async () => {
  expect(await post(event('chat_ended', 'chat_1'))).toMatchObject({ status: 204, body: undefined })
  expect(await ended()).toBe('chat_1')
})

test('the bytes are what is signed, whatever they are called', async () => {
  const spaced = `{ "event" :"chat_ended","chat":{"chat_id":"chat_2","metadata":{"conversation_id":"${id}"},"x":"¿👋?"}}\n`
  expect((await post(spaced, undefined, 'text/plain')).status).toBe(204)
  expect(await ended()).toBe('chat_2')
})

test('late news of an earlier chat does not open the present one again', async () => {
  await api.redis.hset(`{${api.prefix}:0}:conversation:${id}`, 'chat', 'chat_now')
  await post(event('chat_ended', 'chat_now'))
  await post(event('chat_ended', 'chat_before'))
  expect(await ended()).toBe('chat_now')
})

test('a transcript may be long', async () => {
  const chat = { chat_id: 'chat_long', transcript: 'x'.repeat(500_000) }
  expect((await post(JSON.stringify({ event: 'chat_ended', chat }))).status).toBe(204)
})

test('other events, unknown chats and conversations are taken', async () => {
  const before = await ended()
  for (const body of [
    event('chat_started', 'chat_3'),
    event('chat_analyzed', 'chat_3'),
    event('something_new', 'chat_3'),
    event('chat_ended', 'chat_3', 'c0_AAAAAAAAAAAAAAAAAAAAAA'),
    event('chat_ended', 'chat_3', 'x'),
    '{"event":"chat_ended"}',
    '{"event":"call_ended","call":{"call_id":"1"}}',
  ])
    expect((await post(body)).status).toBe(204)
  expect(await ended()).toBe(before)
  expect(await api.redis.exists(`{${api.prefix}:0}:conversation:c0_AAAAAAAAAAAAAAAAAAAAAA`)).toBe(0)
})

test('a wrong, old or missing signature is refused', async () => {
  const body = event('chat_ended', 'chat_forged')
  for (const header of [
    '',
    'v=1,d=2',
    signature(`${body} `),
    signature(body, Date.now() - 301_000),
    signature(body, Date.now(), 'another key'),
  ])
    expectProblem(await post(body, header), 403, 'bad_signature')
  expect(await ended()).not.toBe('chat_forged')
})

test('what is signed but no event is refused', async () => {
  for (const body of ['', 'x', '[]', '{}', '{"event":7}']) {
    const answer = await post(body, signature(body))
    expectProblem(answer, 400, 'malformed_body')
  }
})
