import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { useSandbox } from './started-sandbox.ts'

const at = useSandbox()
const workspaceId = 1
const agent = z.looseObject({ agent_id: z.string(), version: z.int() })
const restFields = { agent_name: 'Desk', response_engine: { type: 'uponai-llm', llm_id: 'llm_1' } }
const rpcFields = { response_engine: { type: 'retell-llm', llm_id: 'llm_1' } }

const rest = (method: 'GET' | 'POST' | 'PATCH', path: string, body?: Record<string, unknown>) =>
  at.call(method, `/uponai/api${path}`, body && { workspaceId, ...body })
const rpc = (method: 'GET' | 'POST' | 'PATCH', path: string, body?: unknown) => at.call(method, `/uponai${path}`, body)

describe('rest', () => {
  test('an agent from its creation to its second version', async () => {
    const made = await rest('POST', '/chat-agents', { ...restFields, timezone: 'Europe/Berlin' })
    expect(made).toMatchObject({ status: 201, body: { ...restFields, version: 1, timezone: 'Europe/Berlin' } })
    const { agent_id: id } = agent.parse(made.body)
    const path = `/chat-agents/${id}`
    expect(await rest('PATCH', path, { auto_close_message: 'Bye.' })).toMatchObject({
      status: 200,
      body: { agent_id: id, version: 1, auto_close_message: 'Bye.', timezone: 'Europe/Berlin' },
    })
    expect(await rest('POST', `${path}/publish`, {})).toMatchObject({ status: 200, body: { version: 1 } })
    expect(await rest('PATCH', `${path}?version=1`, { agent_name: 'Late' })).toMatchObject({ status: 400 })
    expect(await rest('PATCH', path, { agent_name: 'Next' })).toMatchObject({
      body: { version: 2, agent_name: 'Next' },
    })
    expect(await rest('GET', `${path}/versions?workspaceId=1`)).toMatchObject({
      status: 200,
      body: [
        { agent_id: id, version: 1, updated_at: expect.stringMatching(/Z$/) },
        { agent_id: id, version: 2 },
      ],
    })
    expect(await rest('GET', `${path}?workspaceId=1&version=1`)).toMatchObject({ body: { agent_name: 'Desk' } })
    expect(await rest('GET', `${path}?workspaceId=1`)).toMatchObject({ body: { agent_name: 'Next' } })
  })

  test('a change takes what its page lists, and passes over the rest', async () => {
    const change = { is_public: true, end_chat_after_silence_ms: 5_000 }
    expect(await rest('PATCH', '/chat-agents/chat_agent_x', change)).toMatchObject({
      status: 200,
      body: { is_public: true, end_chat_after_silence_ms: 3_600_000 },
    })
  })

  test('the list needs both keys to go on', async () => {
    const first = await rest('GET', '/chat-agents?workspaceId=1&limit=2')
    expect(first.body).toMatchObject({
      data: [{ agent_id: 'chat_agent_a' }, { agent_id: 'chat_agent_b' }],
      pagination_key: 'chat_agent_b',
      pagination_key_version: 1,
    })
    const more = '/chat-agents?workspaceId=1&limit=2&paginationKey=chat_agent_b'
    expect(await rest('GET', more)).toMatchObject({ status: 400 })
    expect(await rest('GET', `${more}&paginationKeyVersion=1`)).toMatchObject({
      body: { data: [{ agent_id: 'chat_agent_c' }], pagination_key: null, pagination_key_version: null },
    })
  })

  test('the concurrency is told', async () => {
    expect(await rest('GET', '/concurrency?workspaceId=1')).toMatchObject({
      status: 200,
      body: { maxConcurrent: 20, currentUsage: 0 },
    })
  })

  test.each([
    ['a name', { response_engine: restFields.response_engine }],
    ['an engine', { agent_name: 'x' }],
  ])('an agent without %s is refused', async (_what, fields) => {
    expect(await rest('POST', '/chat-agents', fields)).toMatchObject({ status: 400 })
  })
})

describe('rpc', () => {
  test('an agent from its creation to a draft from a published version', async () => {
    const made = await rpc('POST', '/create-chat-agent', rpcFields)
    expect(made).toMatchObject({ status: 201, body: { ...rpcFields, version: 0, is_published: false } })
    const { agent_id: id } = agent.parse(made.body)
    expect(await rpc('POST', `/publish-agent-version/${id}`, { version: 0 })).toMatchObject({
      status: 200,
      body: undefined,
    })
    expect(await rpc('PATCH', `/update-chat-agent/${id}`, { agent_name: 'Late' })).toMatchObject({ status: 400 })
    expect(await rpc('POST', `/create-agent-version/${id}`, { base_version: 0 })).toMatchObject({
      status: 201,
      body: { version: 1, base_version: 0, is_published: false },
    })
    expect(await rpc('PATCH', `/update-chat-agent/${id}?version=1`, { agent_name: 'New' })).toMatchObject({
      body: { version: 1, agent_name: 'New' },
    })
    expect(await rpc('GET', `/list-agent-versions/${id}?limit=1`)).toMatchObject({
      status: 200,
      body: { items: [{ version: 1, is_published: false }], has_more: true, pagination_key: '1' },
    })
    expect(await rpc('GET', `/list-agent-versions/${id}?limit=1&pagination_key=1`)).toMatchObject({
      body: { items: [{ version: 0, is_published: true }], has_more: false },
    })
    expect(await rpc('GET', `/get-chat-agent/${id}?version=0`)).toMatchObject({ body: { is_published: true } })
  })

  test('the list goes page by page, and knows which agents are for chats', async () => {
    const list = (query: string, channel = 'chat') =>
      rpc('POST', `/v2/list-agents?${query}`, {
        filter_criteria: { channel: { type: 'string', op: 'eq', value: channel } },
      })
    expect(await list('limit=2')).toMatchObject({
      body: {
        items: [{ agent_id: 'chat_agent_a', channel: 'chat' }, {}],
        has_more: true,
        pagination_key: 'chat_agent_b',
      },
    })
    expect(await list('limit=2&pagination_key=chat_agent_b')).toMatchObject({ body: { items: [{}], has_more: false } })
    expect(await list('limit=2', 'voice')).toMatchObject({ body: { items: [] } })
    expect(await list('limit=2&pagination_key=x')).toMatchObject({ status: 400 })
  })

  test('the concurrency is told', async () => {
    expect(await rpc('GET', '/get-concurrency')).toMatchObject({ status: 200, body: { concurrency_limit: 20 } })
  })

  test('a silence that is too short is refused', async () => {
    const fields = { ...rpcFields, end_chat_after_silence_ms: 1_000 }
    expect(await rpc('POST', '/create-chat-agent', fields)).toMatchObject({ status: 400 })
  })
})

test('both dialects are about the same agents, each with its own name for the engine', async () => {
  const { agent_id: id } = agent.parse((await rest('POST', '/chat-agents', restFields)).body)
  expect(await rpc('GET', `/get-chat-agent/${id}`)).toMatchObject({ body: { ...rpcFields, agent_name: 'Desk' } })
})

test('a chat is of the version that the agent has then', async () => {
  const create = async () => (await rpc('POST', '/create-chat', { agent_id: 'chat_agent_a' })).body
  expect(await create()).toMatchObject({ version: 0 })
  await rest('POST', '/chat-agents/chat_agent_a/publish', {})
  expect(await create()).toMatchObject({ version: 1 })
  const pinned = { agent_id: 'chat_agent_a', agent_version: 0 }
  expect(await rpc('POST', '/create-chat', pinned)).toMatchObject({ status: 201, body: { version: 0 } })
  expect(await rpc('POST', '/create-chat', { ...pinned, agent_version: 9 })).toMatchObject({ status: 422 })
})

test('a missing agent is missing everywhere, and a reset forgets what was made', async () => {
  const missing = 'chat_agent_missing'
  expect(await rest('GET', `/chat-agents/${missing}/versions?workspaceId=1`)).toMatchObject({ status: 404 })
  expect(await rest('POST', `/chat-agents/${missing}/publish`, {})).toMatchObject({ status: 404 })
  expect(await rpc('PATCH', `/update-chat-agent/${missing}`, { agent_name: 'x' })).toMatchObject({ status: 422 })
  expect(await rpc('GET', '/get-chat-agent/chat_agent_a?version=7')).toMatchObject({ status: 422 })
  const { agent_id: id } = agent.parse((await rest('POST', '/chat-agents', restFields)).body)
  expect((await at.control.history()).at(-1)).toMatchObject({ operation: 'agent-create', effect: true, status: 201 })
  await at.control.reset()
  const { body } = await rest('GET', '/chat-agents?workspaceId=1')
  expect(JSON.stringify(body)).not.toContain(id)
})
