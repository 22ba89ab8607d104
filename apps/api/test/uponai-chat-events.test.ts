import { createHmac } from 'node:crypto'
import { keysLike } from '@chatlane/dev'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { anonymous, asToken, call, newConversation } from './calls.ts'
import { type EventReader, readEvents } from './event-reader.ts'
import { apiKey, type StartedApi, startApi, webhookKey } from './started-api.ts'

let api: StartedApi
const readers: EventReader[] = []
beforeAll(async () => {
  api = await startApi({ streams: { heartbeatMs: 50 } })
})
afterAll(async () => {
  for (const reader of readers) reader.close()
  await api.stop()
})

async function post(event: unknown): Promise<number> {
  const body = JSON.stringify(event)
  const now = Date.now()
  const digest = createHmac('sha256', webhookKey).update(body).update(String(now)).digest('hex')
  const headers = { 'content-type': 'application/json', 'x-retell-signature': `v=${now},d=${digest}` }
  return (await fetch(`${api.url}/webhooks/uponai`, { method: 'POST', headers, body })).status
}

const analysis = {
  chat_summary: 'Asked for the price.',
  user_sentiment: 'Negative',
  chat_successful: false,
  custom_analysis_data: { product: 'boat' },
}

const analyzed = (conversation: string, chat: string, more: object = {}) => ({
  event: 'chat_analyzed',
  chat: {
    chat_id: chat,
    chat_status: 'ended',
    metadata: { conversation_id: conversation },
    chat_analysis: analysis,
    ...more,
  },
})

const shown = {
  chat_id: 'chat_1',
  summary: 'Asked for the price.',
  user_sentiment: 'Negative',
  successful: false,
  custom: { product: 'boat' },
}

const asServer = { authorization: `Bearer ${apiKey}` }

async function analysisFor(id: string, headers: Record<string, string> = asServer) {
  const answer = await call(api.url, `/v1/conversations/${id}`, { headers })
  expect(answer.status).toBe(200)
  return z.looseObject({ analysis: z.unknown().optional() }).parse(answer.body).analysis
}

async function follow(id: string, headers: Record<string, string>) {
  const reader = await readEvents(`${api.url}/v1/conversations/${id}/events?after=0`, headers)
  readers.push(reader)
  return reader
}

/** An event that everyone may see, behind what was written before it. */
async function last(id: string, reader: EventReader): Promise<void> {
  const answer = await call(api.url, `/v1/conversations/${id}/messages`, { body: { text: 'the last' } })
  expect(answer.status).toBe(202)
  await reader.until(() => reader.events.some(({ event }) => event === 'message'))
}

test('an analysis is shown to servers, at once and later, and never to the participant', async () => {
  const { id, token } = await newConversation(api.url)
  const [server, participant] = [await follow(id, asServer), await follow(id, asToken(token))]
  expect(await post(analyzed(id, 'chat_1'))).toBe(204)
  await server.until(() => server.events.length === 1)
  expect(server.events[0]).toMatchObject({ event: 'status', data: { analysis: shown }, id: expect.any(String) })
  expect(await analysisFor(id)).toEqual(shown)
  expect(await analysisFor(id, asToken(token))).toBeUndefined()
  await last(id, participant)
  expect(participant.events).toHaveLength(1)
  const listed = await call(api.url, `/v1/conversations/${id}/messages`, { headers: asToken(token) })
  expect(JSON.stringify(listed.body)).not.toContain('Negative')
  expect((await call(api.url, `/v1/conversations/${id}`, { headers: anonymous })).status).toBe(401)
})

test('an event that is brought again says nothing new', async () => {
  const { id } = await newConversation(api.url)
  const server = await follow(id, asServer)
  for (const _ of [1, 2, 3]) expect(await post(analyzed(id, 'chat_1'))).toBe(204)
  await last(id, server)
  expect(server.events.map(({ event }) => event)).toEqual(['status', 'message'])
})

test('another analysis of the same chat replaces the earlier one', async () => {
  const { id } = await newConversation(api.url)
  await post(analyzed(id, 'chat_1'))
  await post(analyzed(id, 'chat_1', { chat_analysis: { ...analysis, chat_summary: 'Looked at again.' } }))
  expect(await analysisFor(id)).toMatchObject({ chat_id: 'chat_1', summary: 'Looked at again.' })
})

test('an event that is brought several times at once is told once', async () => {
  const { id } = await newConversation(api.url)
  const events = Array.from({ length: 8 }, () => post(analyzed(id, 'chat_1')))
  expect(await Promise.all(events)).toEqual(Array(8).fill(204))
  const entries = await api.redis.xrange(`{${api.prefix}:0}:ledger:${id}`, '-', '+')
  expect(entries.filter(([, [, kind]]) => kind === 'a')).toHaveLength(1)
})

test('of two chats whose analyses come at once the newest is kept', async () => {
  for (let i = 0; i < 5; i++) {
    const { id } = await newConversation(api.url)
    const times = [3_000, 1_000, 2_000]
    await Promise.all(times.map((at) => post(analyzed(id, `chat_${at}`, { start_timestamp: at }))))
    expect(await analysisFor(id)).toMatchObject({ chat_id: 'chat_3000' })
  }
})

test('the analysis of an earlier chat that comes late is told, and the newest is kept', async () => {
  const { id } = await newConversation(api.url)
  const server = await follow(id, asServer)
  await post(analyzed(id, 'chat_2', { start_timestamp: 2_000 }))
  await post(analyzed(id, 'chat_1', { start_timestamp: 1_000 }))
  await last(id, server)
  expect(server.events.slice(0, 2).map(({ data }) => data)).toMatchObject([
    { analysis: { chat_id: 'chat_2' } },
    { analysis: { chat_id: 'chat_1' } },
  ])
  expect(await analysisFor(id)).toMatchObject({ chat_id: 'chat_2' })
  await post(analyzed(id, 'chat_3', { start_timestamp: 3_000 }))
  expect(await analysisFor(id)).toMatchObject({ chat_id: 'chat_3' })
})

test.each([
  ['flat', (chat: object) => ({ event: 'chat_analyzed', ...chat })],
  ['under data', (chat: object) => ({ event: 'chat_analyzed', data: chat })],
  ['under data and chat', (chat: object) => ({ event: 'chat_analyzed', data: { chat } })],
])('the chat may lie %s, in either spelling', async (_, wrap) => {
  const { id } = await newConversation(api.url)
  const chat = {
    chatId: 'chat_1',
    metadata: { conversation_id: id },
    chatAnalysis: {
      chatSummary: analysis.chat_summary,
      userSentiment: 'Negative',
      chatSuccessful: false,
      customAnalysisData: { product: 'boat' },
    },
  }
  expect(await post(wrap(chat))).toBe(204)
  expect(await analysisFor(id)).toEqual(shown)
})

test('of a large analysis what matters is kept', async () => {
  const { id } = await newConversation(api.url)
  const wide = { ...analysis, custom_analysis_data: { all: 'x'.repeat(10_000) } }
  await post(analyzed(id, 'chat_1', { chat_analysis: wide }))
  expect(await analysisFor(id)).toEqual({ ...shown, custom: undefined })
  const long = { ...wide, chat_summary: 'ü'.repeat(100_000) }
  await post(analyzed(id, 'chat_2', { chat_analysis: long }))
  expect(await analysisFor(id)).toMatchObject({ chat_id: 'chat_2', user_sentiment: 'Negative', successful: false })
  expect(JSON.stringify(await analysisFor(id)).length).toBeLessThan(8_192)
})

test('what is of no conversation of ours, or says nothing, is taken and leaves nothing', async () => {
  const { id } = await newConversation(api.url)
  const before = await keysLike(api.redis, `*${api.prefix}*`)
  for (const event of [
    analyzed('c0_AAAAAAAAAAAAAAAAAAAAAA', 'chat_1'),
    analyzed('x', 'chat_1'),
    { event: 'chat_analyzed', chat: { chat_id: 'chat_1', chat_analysis: analysis } },
    analyzed(id, 'chat_1', { chat_analysis: undefined }),
    { event: 'chat_started', chat: { chat_id: 'chat_1', metadata: { conversation_id: id } } },
    { event: 'something_new', chat: { chat_id: 'chat_1', metadata: { conversation_id: id } } },
  ])
    expect(await post(event)).toBe(204)
  expect(await analysisFor(id)).toBeUndefined()
  expect((await keysLike(api.redis, `*${api.prefix}*`)).sort()).toEqual(before.sort())
})

test('that a chat ended goes through the conversation’s lane once, however often it is said', async () => {
  const { id } = await newConversation(api.url)
  const waited = await api.lanes.waiting(id)
  const ended = { event: 'chat_ended', chat: { chat_id: 'chat_1', metadata: { conversation_id: id } } }
  for (const _ of [1, 2, 3]) expect(await post(ended)).toBe(204)
  expect((await api.lanes.waiting(id)) - waited).toBe(1)
})

test('that a chat ended which we are ending ourselves is nothing to be told', async () => {
  const { id } = await newConversation(api.url)
  const waited = await api.lanes.waiting(id)
  await api.redis.hset(`{${api.prefix}:0}:conversation:${id}`, 'chat', 'chat_1', 'ending', 'chat_1')
  await post({ event: 'chat_ended', chat: { chat_id: 'chat_1', metadata: { conversation_id: id } } })
  expect((await api.conversations.find(id))?.endedChatId).toBe('chat_1')
  expect(await api.lanes.waiting(id)).toBe(waited)
})

test('an analysis with half a character in it is kept well-formed, and the next one is taken', async () => {
  const { id } = await newConversation(api.url)
  const chat_analysis = { chat_summary: 'half \ud83d', custom_analysis_data: { 'na\u0000me': '\udc00' } }
  expect(await post(analyzed(id, 'chat_1', { chat_analysis }))).toBe(204)
  expect(await analysisFor(id)).toMatchObject({ summary: 'half \uFFFD', custom: { 'na\uFFFDme': '\uFFFD' } })
  expect(await post(analyzed(id, 'chat_1'))).toBe(204)
  expect(await analysisFor(id)).toMatchObject(shown)
})

test('an analysis that Redis cannot read, as earlier versions kept it, gives way to the next one', async () => {
  const { id } = await newConversation(api.url)
  const text = String.raw`{"chatId":"chat_0","startedAt":9999999999999,"summary":"half \ud83d"}`
  await api.redis.hset(`{${api.prefix}:0}:conversation:${id}`, 'analysis', text)
  expect(await post(analyzed(id, 'chat_1', { start_timestamp: 1_700_000_000_000 }))).toBe(204)
  expect(await analysisFor(id)).toMatchObject(shown)
})
