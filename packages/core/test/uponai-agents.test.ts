import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { agentFields } from '../src/uponai/agent-fields.ts'
import { createUponAIClient, type UponAIClient } from '../src/uponai/client.ts'
import { answer, hang, reset, scriptedServer } from './uponai-scripted-server.ts'

let server: Awaited<ReturnType<typeof scriptedServer>>
let rest: UponAIClient
let rpc: UponAIClient

beforeEach(async () => {
  server = await scriptedServer()
  const options = { baseUrl: server.origin, apiKey: 'key_1', timeoutMs: 30_000 }
  rest = createUponAIClient({ ...options, dialect: 'rest', workspaceId: 7 })
  rpc = createUponAIClient({ ...options, dialect: 'rpc' })
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await Promise.all([rest.close(), rpc.close()])
})

const client = (dialect: 'rest' | 'rpc') => (dialect === 'rest' ? rest : rpc)
const asked = () => server.received.map(({ method, path, body }) => ({ method, path, body }))
const agent = { agent_id: 'a/1', version: 3 }

describe('what is sent', () => {
  const engine = { type: 'uponai-llm', llm_id: 'llm_1' }
  const retell = { type: 'retell-llm', llm_id: 'llm_1' }

  test('rest', async () => {
    server.script(...Array.from({ length: 7 }, () => answer(200, agent)))
    server.script(answer(200, []), answer(200, { maxConcurrent: 20, currentUsage: 1 }))
    await rest.getAgent('a/1')
    await rest.getAgent('a/1', { version: 2 })
    await rest.createAgent({ agent_name: 'Desk', response_engine: engine })
    await rest.updateAgent('a/1', { is_public: true })
    await rest.updateAgent('a/1', { is_public: true }, { version: 2 })
    await rest.publishAgent('a/1')
    await expect(rest.listAgents()).rejects.toMatchObject({ code: 'UPONAI_BAD_ANSWER' })
    await rest.agentVersions('a/1')
    await rest.concurrency()
    expect(asked()).toEqual([
      { method: 'GET', path: '/api/chat-agents/a%2F1?workspaceId=7' },
      { method: 'GET', path: '/api/chat-agents/a%2F1?workspaceId=7&version=2' },
      {
        method: 'POST',
        path: '/api/chat-agents',
        body: { workspaceId: 7, agent_name: 'Desk', response_engine: engine },
      },
      { method: 'PATCH', path: '/api/chat-agents/a%2F1', body: { workspaceId: 7, is_public: true } },
      { method: 'PATCH', path: '/api/chat-agents/a%2F1?version=2', body: { workspaceId: 7, is_public: true } },
      { method: 'POST', path: '/api/chat-agents/a%2F1/publish', body: { workspaceId: 7 } },
      { method: 'GET', path: '/api/chat-agents?workspaceId=7&limit=100' },
      { method: 'GET', path: '/api/chat-agents/a%2F1/versions?workspaceId=7' },
      { method: 'GET', path: '/api/concurrency?workspaceId=7' },
    ])
  })

  test('rpc', async () => {
    server.script(answer(200, agent), answer(201, agent), answer(200, agent), answer(201, agent))
    server.script(answer(200), answer(200, agent), answer(200, { items: [] }), answer(200, { concurrency_limit: 20 }))
    await rpc.getAgent('a/1')
    await rpc.createAgent({ response_engine: retell })
    await rpc.updateAgent('a/1', { timezone: null }, { version: 2 })
    await rpc.draftAgent('a/1', 3)
    await rpc.publishAgent('a/1', { version: 3 })
    await rpc.listAgents({ limit: 5 })
    expect(await rpc.concurrency()).toMatchObject({ limit: 20 })
    const chats = { channel: { type: 'string', op: 'eq', value: 'chat' } }
    expect(asked()).toEqual([
      { method: 'GET', path: '/get-chat-agent/a%2F1' },
      { method: 'POST', path: '/create-chat-agent', body: { response_engine: retell } },
      { method: 'PATCH', path: '/update-chat-agent/a%2F1?version=2', body: { timezone: null } },
      { method: 'POST', path: '/create-agent-version/a%2F1', body: { base_version: 3 } },
      { method: 'POST', path: '/publish-agent-version/a%2F1', body: { version: 3 } },
      { method: 'GET', path: '/get-chat-agent/a%2F1?version=3' },
      { method: 'POST', path: '/v2/list-agents?limit=5', body: { filter_criteria: chats } },
      { method: 'GET', path: '/get-concurrency' },
    ])
  })

  test('rpc publishes the newest draft when none is named', async () => {
    const [draft, published] = [false, true].map((is_published, i) => ({ version: 5 - i, is_published }))
    server.script(answer(200, { items: [{ version: 6, is_published: true }, published], pagination_key: 'k' }))
    server.script(answer(200, { items: [draft], has_more: false }), answer(200), answer(200, agent))
    await rpc.publishAgent('a')
    expect(asked().slice(1, 3)).toEqual([
      { method: 'GET', path: '/list-agent-versions/a?limit=1000&pagination_key=k' },
      { method: 'POST', path: '/publish-agent-version/a', body: { version: 5 } },
    ])
    server.script(answer(200, { items: [published] }))
    await expect(rpc.publishAgent('a')).rejects.toMatchObject({
      code: 'UPONAI_INVALID_REQUEST',
      message: expect.stringContaining('there is no draft'),
    })
  })

  test('the next page of agents is asked with both keys', async () => {
    const page = { data: [agent], pagination_key: 'a/1', pagination_key_version: 3 }
    server.script(answer(200, page), answer(200, { data: [], pagination_key: null, pagination_key_version: null }))
    const { next } = await rest.listAgents({ limit: 1 })
    expect(await rest.listAgents({ limit: 1, cursor: next })).toEqual({ agents: [], next: undefined })
    const second = new URLSearchParams(server.received[1]?.path?.split('?')[1])
    expect(Object.fromEntries(second)).toMatchObject({ paginationKey: 'a/1', paginationKeyVersion: '3' })
  })
})

describe('what is read', () => {
  test.each([
    ['snake case and milliseconds', { agent_id: 'a', agent_name: 'A', last_modification_timestamp: 1_760_000_000_000 }],
    ['camel case and ISO 8601', { agentId: 'a', agentName: 'A', updatedAt: '2025-10-09T08:53:20.000Z' }],
    ['an envelope', { success: true, agent: { agent_id: 'a', agent_name: 'A', updated_at: '2025-10-09T08:53:20Z' } }],
  ])('%s', async (_how, body) => {
    server.script(answer(200, body))
    expect(await rest.getAgent('a')).toMatchObject({
      agentId: 'a',
      name: 'A',
      updatedAt: new Date(1_760_000_000_000),
      fields: { agent_name: 'A' },
    })
  })

  test('agents for calls are no chat agents', async () => {
    server.script(
      answer(200, {
        items: [
          { agent_id: 'v', channel: 'voice' },
          { agent_id: 'c', channel: 'chat' },
        ],
      }),
    )
    expect((await rpc.listAgents()).agents.map(({ agentId }) => agentId)).toEqual(['c'])
  })
})

describe.each(['rest', 'rpc'] as const)('what goes wrong, %s', (dialect) => {
  const engine = { type: dialect === 'rest' ? 'uponai-llm' : 'retell-llm', llm_id: 'l' }
  const create = () => client(dialect).createAgent({ agent_name: 'A', response_engine: engine })

  test.each([404, 422])('%i: the agent is unknown', async (status) => {
    server.script(answer(status, { message: 'none' }), answer(status, { message: 'none' }), answer(status))
    const unknown = { code: 'UPONAI_AGENT_UNKNOWN', handling: 'permanent', status }
    await expect(client(dialect).getAgent('a')).rejects.toMatchObject(unknown)
    await expect(client(dialect).updateAgent('a', { agent_name: 'B' })).rejects.toMatchObject(unknown)
  })

  test('a 422 about what was asked for is not taken for an unknown agent', async () => {
    server.script(answer(422, { message: 'agent_name: taken' }), answer(200, agent))
    await expect(client(dialect).updateAgent('a', { agent_name: 'B' })).rejects.toMatchObject({
      code: 'UPONAI_REJECTED',
      status: 422,
      detail: 'agent_name: taken',
    })
  })

  test('a second agent could come of a second create: what is not clear is unclear', async () => {
    server.script(reset, answer(503), answer(201, { nothing: true }))
    for (const _ of [1, 2]) await expect(create()).rejects.toMatchObject({ code: 'UPONAI_UNCLEAR' })
    await expect(create()).rejects.toMatchObject({ code: 'UPONAI_BAD_ANSWER', handling: 'unclear' })
  })

  test('a look may be repeated', async () => {
    server.script(hang, answer(503))
    await expect(client(dialect).getAgent('a', { timeoutMs: 50 })).rejects.toMatchObject({ code: 'UPONAI_NO_ANSWER' })
    await expect(client(dialect).concurrency()).rejects.toMatchObject({ code: 'UPONAI_SERVER_ERROR' })
  })

  test.each([
    ['an unknown field', { agent_nam: 'A' }, /agent_nam/],
    [
      'a text for a number',
      { data_storage_retention_days: 'x' },
      /data_storage_retention_days: expected a whole number/,
    ],
    ['an address that is none', { webhook_url: 'nowhere' }, /webhook_url: expected an http or https URL/],
    ['nothing', {}, /expected at least one field/],
    dialect === 'rest'
      ? ['a field of the other dialect', { webhook_timeout_ms: 5_000 }, /webhook_timeout_ms/]
      : ['a silence that is too short', { end_chat_after_silence_ms: 5 }, /from 120000 to 259200000/],
  ] as const)('%s is refused here and never sent', async (_what, change, problem) => {
    await expect(client(dialect).updateAgent('a', change)).rejects.toMatchObject({
      code: 'UPONAI_INVALID_REQUEST',
      message: expect.stringMatching(problem),
    })
    expect(server.received).toEqual([])
  })
})

test('rest has no drafts of older versions, and publishes no version by its number', async () => {
  await expect(rest.draftAgent('a', 1)).rejects.toMatchObject({ code: 'UPONAI_INVALID_REQUEST' })
  await expect(rest.publishAgent('a', { version: 1 })).rejects.toMatchObject({ code: 'UPONAI_INVALID_REQUEST' })
  expect(server.received).toEqual([])
})

test('the kinds of response engines that UponAI documents are passed on', () => {
  const fits = (dialect: 'rest' | 'rpc', response_engine: object) =>
    agentFields[dialect].safeParse({ agent_name: 'Ada', response_engine }).success
  for (const dialect of ['rest', 'rpc'] as const) {
    expect(fits(dialect, { type: 'conversation-flow', conversation_flow_id: 'flow_1', version: 2 })).toBe(true)
    expect(fits(dialect, { type: 'custom-llm', llm_websocket_url: 'wss://llm.example.com' })).toBe(true)
    expect(fits(dialect, { type: 'custom-llm' })).toBe(false)
  }
})
