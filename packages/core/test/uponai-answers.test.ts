import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { agentTexts, createUponAIClient, type UponAIClient } from '../src/uponai/client.ts'
import { answer, scriptedServer } from './uponai-scripted-server.ts'

let server: Awaited<ReturnType<typeof scriptedServer>>
let client: UponAIClient

beforeEach(async () => {
  server = await scriptedServer()
  const options = { baseUrl: server.origin, apiKey: 'key_1', timeoutMs: 30_000 }
  client = createUponAIClient({ ...options, dialect: 'rest', workspaceId: 7 })
})
afterEach(async () => {
  await client.close()
  await server[Symbol.asyncDispose]()
})

const startedAt = new Date('2026-05-02T08:15:00Z')
const endedAt = new Date('2026-05-02T08:20:45Z')
const rest = {
  chatId: 'chat_1',
  agentId: 'agent_1',
  version: 3,
  status: 'ended',
  type: 'web_chat',
  metadata: { ticket: 'T-19' },
  customAttributes: { vip: true },
  startedAt: '2026-05-02T08:15:00Z',
  endedAt: '2026-05-02T08:20:45Z',
  transcript: 'Agent: Hi\n',
  messages: [{ content: 'Hi', name: 'x', tool_calls: [{ id: 't' }] }],
  chatCost: { combined_cost: 2 },
  chatAnalysis: {
    chatSummary: 'a greeting',
    userSentiment: 'Neutral',
    chatSuccessful: true,
    customAnalysisData: { a: 1 },
  },
  collectedDynamicVariables: { b: '2' },
  uponai_dynamic_variables: { name: 'Ada' },
  overrideDynamicVariables: { name: 'Bo' },
  somethingNew: [1],
}
const rpc = {
  chat_id: 'chat_1',
  agent_id: 'agent_1',
  version: 3,
  chat_status: 'ended',
  chat_type: 'api_chat',
  metadata: { ticket: 'T-19' },
  custom_attributes: { vip: true },
  start_timestamp: startedAt.getTime(),
  end_timestamp: endedAt.getTime(),
  transcript: 'Agent: Hi\n',
  message_with_tool_calls: [
    { role: 'Agent', content: 'Hi', message_id: 'm1', created_timestamp: startedAt.getTime() },
    { role: 'tool_call_result', tool_call_id: 't', content: '{}' },
    { role: 'hologram', payload: 1 },
  ],
  chat_cost: { combined_cost: 2 },
  chat_analysis: {
    chat_summary: 'a greeting',
    user_sentiment: 'Neutral',
    chat_successful: true,
    custom_analysis_data: { a: 1 },
  },
  collected_dynamic_variables: { b: '2' },
  retell_llm_dynamic_variables: { name: 'Ada' },
  override_dynamic_variables: { name: 'Bo' },
  something_new: [1],
}
const both = {
  chatId: 'chat_1',
  agentId: 'agent_1',
  version: 3,
  status: 'ended',
  over: true,
  metadata: { ticket: 'T-19' },
  customAttributes: { vip: true },
  dynamicVariables: { name: 'Ada' },
  collectedDynamicVariables: { b: '2' },
  overrideDynamicVariables: { name: 'Bo' },
  startedAt,
  endedAt,
  transcript: 'Agent: Hi\n',
  historyIncluded: true,
  analysis: { summary: 'a greeting', userSentiment: 'Neutral', successful: true, custom: { a: 1 } },
  cost: { combined_cost: 2 },
}
const readFromRest = { ...both, type: 'web_chat', messages: [{ content: 'Hi', name: 'x', toolCalls: [{ id: 't' }] }] }
const readFromRpc = {
  ...both,
  type: 'api_chat',
  messages: [
    { role: 'agent', content: 'Hi', id: 'm1', at: startedAt },
    { role: 'tool_call_result', toolCallId: 't', content: '{}' },
    { role: 'hologram' },
  ],
}

describe.each([
  ['rest', rest, readFromRest],
  ['rpc', rpc, readFromRpc],
])('a chat in %s', (_dialect, raw, read) => {
  test.each([
    ['bare', raw],
    ['in success and data', { success: true, data: raw }],
    ['in data', { data: raw }],
    ['in chat', { chat: raw }],
    ['in data and chat', { status: 'success', data: { chat: raw } }],
  ])('%s', async (_case, body) => {
    server.script(answer(201, body), answer(200, body), answer(200, body))
    expect(await client.createChat({ agentId: 'agent_1' })).toEqual({ ...read, raw })
    expect(await client.getChat('chat_1')).toEqual({ ...read, raw })
    expect(await client.updateChat('chat_1', {})).toEqual({ ...read, raw })
  })
})

test.each([
  ['ongoing', { status: 'ongoing', endedAt: null }, false],
  ['no status at all', {}, false],
  ['an unknown status', { status: 'paused' }, false],
  ['end time 0', { status: 'ongoing', end_timestamp: 0 }, false],
  ['ended', { status: 'ended' }, true],
  ['error', { chat_status: 'error' }, true],
  ['upper case', { status: 'Ended' }, true],
  ['an unknown status with an end time', { status: 'archived', endedAt: '2026-05-02T08:15:00Z' }, true],
  ['an end time that cannot be read', { status: 'ongoing', endedAt: 'yesterday' }, true],
])('over: %s', async (_case, fields, over) => {
  server.script(answer(200, { chatId: 'chat_1', ...fields }))
  expect((await client.getChat('chat_1')).over).toBe(over)
})

test('fields of the wrong type read as absent, odd messages keep their place', async () => {
  const odd = {
    chat_id: 'c',
    status: 4,
    metadata: 'x',
    version: null,
    startedAt: 'soon',
    messages: [null, 5, { content: 7 }, 'Hi'],
  }
  server.script(answer(200, odd))
  const chat = await client.getChat('c')
  expect(chat).toEqual({
    chatId: 'c',
    status: 'unknown',
    over: false,
    messages: [{}, {}, {}, { content: 'Hi' }],
    historyIncluded: true,
    raw: odd,
  })
})

test.each([{}, { messages: null }])('a chat without a list of messages says so: %j', async (fields) => {
  server.script(answer(200, { chatId: 'c', ...fields }))
  expect(await client.getChat('c')).toMatchObject({ messages: [], historyIncluded: false })
})

test.each([
  ['bare', { messages: [{ role: 'agent', content: 'Hi' }] }],
  ['in data', { success: true, data: { messages: [{ role: 'agent', content: 'Hi' }] } }],
  ['a list in data', { data: [{ role: 'agent', content: 'Hi' }] }],
])('replies, %s', async (_case, body) => {
  server.script(answer(201, body))
  expect(await client.complete('c', 'hello')).toEqual([{ role: 'agent', content: 'Hi' }])
})

test('no replies at all are an answer too', async () => {
  server.script(answer(201, { messages: [] }))
  expect(await client.complete('c', 'hello')).toEqual([])
})

test('texts to deliver: the agent’s and those without a role, in order', () => {
  expect(
    agentTexts([
      { role: 'agent', content: 'one' },
      { role: 'tool_call_invocation', toolCallId: 't', name: 'look' },
      { role: 'tool_call_result', toolCallId: 't', content: 'no' },
      { role: 'node_transition' },
      { role: 'injected', content: 'no' },
      { role: 'user', content: 'no' },
      { role: 'hologram', content: 'no' },
      { role: 'agent', content: ' \n' },
      { content: ' two ', name: 'x', toolCalls: [] },
      { content: 'no', toolCalls: [{}] },
      { content: 'no', toolCallId: 't' },
      {},
      { role: 'agent', content: 'one' },
    ]),
  ).toEqual(['one', ' two ', 'one'])
  expect(agentTexts([])).toEqual([])
})

const ids = (chats: { chatId: string }[]) => chats.map(({ chatId }) => chatId)
const page = (...chatIds: string[]) => chatIds.map((chatId) => ({ chatId }))

test.each([
  ['rest', { data: page('a', 'b'), pagination_key: 'k' }, 'k'],
  ['rest, last', { data: page('a', 'b'), pagination_key: null }, undefined],
  ['rpc', { items: page('a', 'b'), has_more: true, pagination_key: 'k' }, 'k'],
  ['rpc, last', { items: page('a', 'b'), has_more: false, pagination_key: 'k' }, undefined],
  ['wrapped', { success: true, data: { data: page('a', 'b'), paginationKey: 'k' } }, 'k'],
  ['a bare array', page('a', 'b'), undefined],
  ['an empty key', { data: page('a', 'b'), pagination_key: '' }, undefined],
  ['with an entry that is no chat', { data: [...page('a'), { id: 4 }, ...page('b')] }, undefined],
])('a page: %s', async (_case, body, next) => {
  server.script(answer(200, body))
  const read = await client.listChats()
  expect(ids(read.chats)).toEqual(['a', 'b'])
  expect(read.next).toBe(next)
})

test.each([
  ['null', null],
  ['absent', undefined],
  ['empty', ''],
  ['one that came before', 'k1'],
  ['the one just asked for', 'k2'],
])('all chats, over pages, until the key is %s', async (_case, last) => {
  server.script(
    answer(200, { data: page('a', 'b'), pagination_key: 'k1' }),
    answer(200, { data: [], pagination_key: 'k2' }),
    answer(200, { data: page('c'), pagination_key: last }),
  )
  const chats = []
  for await (const chat of client.eachChat({ limit: 2 })) chats.push(chat)
  expect(ids(chats)).toEqual(['a', 'b', 'c'])
  expect(server.received.map(({ path }) => new URLSearchParams(path?.split('?')[1]).get('paginationKey'))).toEqual([
    null,
    'k1',
    'k2',
  ])
})

test('pages are asked for only as far as someone reads', async () => {
  server.script(answer(200, { data: page('a'), pagination_key: 'k1' }))
  for await (const chat of client.eachChat()) {
    expect(chat.chatId).toBe('a')
    break
  }
  expect(server.received).toHaveLength(1)
})
