import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createUponAIClient, type UponAIClient } from '../src/uponai/client.ts'
import { answer, scriptedServer } from './uponai-scripted-server.ts'

let server: Awaited<ReturnType<typeof scriptedServer>>
let rest: UponAIClient
let rpc: UponAIClient

beforeEach(async () => {
  server = await scriptedServer()
  const options = { baseUrl: `${server.origin}/uponai/`, apiKey: 'key_1', timeoutMs: 30_000 }
  rest = createUponAIClient({ ...options, dialect: 'rest', workspaceId: 7 })
  rpc = createUponAIClient({ ...options, dialect: 'rpc' })
})
afterEach(async () => {
  await Promise.all([rest.close(), rpc.close()])
  await server[Symbol.asyncDispose]()
})

interface Wire {
  method: string
  path: string
  body?: unknown
}
interface Case {
  what: string
  call: (client: UponAIClient) => Promise<unknown>
  rest: Wire
  rpc: Wire
}

const variables = { name: 'Ada' }
const create = { agentId: 'agent_1', metadata: { ticket: 'T-1' }, dynamicVariables: variables }
const patch = { metadata: { a: 1 }, customAttributes: { vip: true }, overrideDynamicVariables: variables }
const patched = { metadata: { a: 1 }, custom_attributes: { vip: true }, override_dynamic_variables: variables }
const oddId = 'chat/ü 1'
const odd = 'chat%2F%C3%BC%201'

const cases: Case[] = [
  {
    what: 'create',
    call: (client) => client.createChat(create),
    rest: {
      method: 'POST',
      path: '/api/chats',
      body: {
        workspaceId: 7,
        agent_id: 'agent_1',
        metadata: { ticket: 'T-1' },
        uponai_dynamic_variables: variables,
        retell_llm_dynamic_variables: variables,
      },
    },
    rpc: {
      method: 'POST',
      path: '/create-chat',
      body: { agent_id: 'agent_1', metadata: { ticket: 'T-1' }, retell_llm_dynamic_variables: variables },
    },
  },
  {
    what: 'create with an agent only',
    call: (client) => client.createChat({ agentId: 'agent_1' }),
    rest: { method: 'POST', path: '/api/chats', body: { workspaceId: 7, agent_id: 'agent_1' } },
    rpc: { method: 'POST', path: '/create-chat', body: { agent_id: 'agent_1' } },
  },
  {
    what: 'complete',
    call: (client) => client.complete(oddId, ' ¿hola? 👋\n'),
    rest: {
      method: 'POST',
      path: `/api/chats/${odd}/completions`,
      body: { workspaceId: 7, content: ' ¿hola? 👋\n' },
    },
    rpc: { method: 'POST', path: '/create-chat-completion', body: { chat_id: oddId, content: ' ¿hola? 👋\n' } },
  },
  {
    what: 'get',
    call: (client) => client.getChat(oddId),
    rest: { method: 'GET', path: `/api/chats/${odd}?workspaceId=7` },
    rpc: { method: 'GET', path: `/get-chat/${odd}` },
  },
  {
    what: 'list',
    call: (client) => client.listChats({ limit: 2, sortOrder: 'ascending', paginationKey: 'k&1' }),
    rest: { method: 'GET', path: '/api/chats?workspaceId=7&sortOrder=ascending&limit=2&paginationKey=k%261' },
    rpc: {
      method: 'POST',
      path: '/v3/list-chats',
      body: { sort_order: 'ascending', limit: 2, pagination_key: 'k&1' },
    },
  },
  {
    what: 'list as it is',
    call: (client) => client.listChats(),
    rest: { method: 'GET', path: '/api/chats?workspaceId=7&sortOrder=descending&limit=100' },
    rpc: { method: 'POST', path: '/v3/list-chats', body: { sort_order: 'descending', limit: 100 } },
  },
  {
    what: 'update',
    call: (client) => client.updateChat(oddId, patch),
    rest: { method: 'PATCH', path: `/api/chats/${odd}`, body: { workspaceId: 7, ...patched } },
    rpc: { method: 'PATCH', path: `/update-chat/${odd}`, body: patched },
  },
  {
    what: 'update, clearing the variables',
    call: (client) => client.updateChat('c', { overrideDynamicVariables: null }),
    rest: { method: 'PATCH', path: '/api/chats/c', body: { workspaceId: 7, override_dynamic_variables: null } },
    rpc: { method: 'PATCH', path: '/update-chat/c', body: { override_dynamic_variables: null } },
  },
  {
    what: 'end',
    call: (client) => client.endChat(oddId),
    rest: { method: 'POST', path: `/api/chats/${odd}/end`, body: { workspaceId: 7 } },
    rpc: { method: 'PATCH', path: `/end-chat/${odd}` },
  },
]

describe.each(['rest', 'rpc'] as const)('%s', (dialect) => {
  test.each(cases)('$what', async ({ call, ...wires }) => {
    server.script(answer(200, { chatId: 'c', messages: [], data: [] }))
    await call(dialect === 'rest' ? rest : rpc)
    const { method, path, body } = wires[dialect]
    expect(server.received).toHaveLength(1)
    expect(server.received[0]).toEqual({ method, path: `/uponai${path}`, body, headers: expect.anything() })
    const headers = server.received[0]?.headers
    expect(headers?.authorization).toBe('Bearer key_1')
    expect(headers?.['content-type']).toBe(body === undefined ? undefined : 'application/json')
  })
})

test('what only rpc has is asked there, and refused here in rest', async () => {
  server.script(answer(204, ''), answer(200, { chat_id: 'c' }))
  await rpc.deleteChat(oddId)
  expect((await rpc.rerunAnalysis(oddId)).chatId).toBe('c')
  expect(server.received).toMatchObject([
    { method: 'DELETE', path: `/uponai/delete-chat/${odd}`, body: undefined },
    { method: 'PUT', path: `/uponai/rerun-chat-analysis/${odd}`, body: undefined },
  ])
  const refusal = expect.objectContaining({ code: 'UPONAI_INVALID_REQUEST', message: expect.stringContaining('rest') })
  await expect(rest.deleteChat('c')).rejects.toEqual(refusal)
  await expect(rest.rerunAnalysis('c')).rejects.toEqual(refusal)
  expect(server.received).toHaveLength(2)
})

const refused: [string, (client: UponAIClient) => Promise<unknown>, string][] = [
  ['an empty text', (client) => client.complete('c', ''), 'content'],
  ['a blank text', (client) => client.complete('c', ' \n'), 'content'],
  ['no chat id', (client) => client.getChat(''), 'get'],
  ['a chat id that is a path', (client) => client.endChat('..'), 'path'],
  ['a chat id that is no text', (client) => client.getChat('\ud800'), 'path'],
  ['no agent id', (client) => client.createChat({ agentId: '' }), 'agentId'],
  ['a page of 0', (client) => client.listChats({ limit: 0 }), 'limit'],
  ['a page of 1001', (client) => client.listChats({ limit: 1001 }), 'limit'],
  [
    'a variable that is no string',
    (client) => client.createChat(JSON.parse('{"agentId":"a","dynamicVariables":{"age":41}}')),
    'dynamicVariables.age',
  ],
  ['an unknown field', (client) => client.updateChat('c', JSON.parse('{"custom_attributes":{}}')), 'custom_attributes'],
]
test.each(refused)('%s is refused here and never sent', async (_what, call, named) => {
  const refusal = expect.objectContaining({
    code: 'UPONAI_INVALID_REQUEST',
    handling: 'permanent',
    message: expect.stringContaining(named),
  })
  await expect(call(rest)).rejects.toEqual(refusal)
  expect(server.received).toEqual([])
})

test.each([
  ['baseUrl', { baseUrl: 'ftp://example.com' }],
  ['baseUrl', { baseUrl: 'https://user:word@example.com' }],
  ['baseUrl', { baseUrl: 'example.com' }],
  ['apiKey', { apiKey: 'two\nlines' }],
  ['apiKey', { apiKey: '' }],
  ['workspaceId', { workspaceId: undefined }],
  ['workspaceId', { workspaceId: 1.5 }],
  ['timeoutMs', { timeoutMs: Number.NaN }],
])('options that cannot work name %s', (named, wrong) => {
  const options = { baseUrl: 'http://127.0.0.1', apiKey: 'key_1', workspaceId: 7, timeoutMs: 1000 }
  expect(() => createUponAIClient({ ...options, dialect: 'rest', ...wrong })).toThrow(new RegExp(`^${named}: expected`))
})

test('connections are kept and used again', async () => {
  const ports = new Set<number | undefined>()
  for (let turn = 0; turn < 10; turn++) {
    server.script((response, request) => {
      ports.add(request.socket.remotePort)
      response.writeHead(200).end('{"messages":[]}')
    })
    await rest.complete('c', 'hello')
  }
  // Two, because a connection is free again only a moment after its answer is in.
  expect(ports.size).toBeLessThanOrEqual(2)
})
