import { createHmac } from 'node:crypto'
import { createUponAIClient } from '@chatlane/core'
import { type Sandbox, type SandboxClient, sandboxClient, sandboxCredentials, startSandbox } from '@chatlane/sandbox'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { anonymous, call, expectProblem, newConversation } from './calls.ts'
import { type StartedApi, startApi } from './started-api.ts'

let sandbox: Sandbox
let control: SandboxClient
beforeAll(async () => {
  sandbox = await startSandbox({ port: 0 })
  control = sandboxClient(sandbox.url)
})
afterEach(() => control.reset())
afterAll(() => sandbox.close())

const page = z.object({ items: z.array(z.looseObject({ chat_id: z.string() })), next: z.string().nullable() })
const conversation = 'c0_AAAAAAAAAAAAAAAAAAAAAA'

describe.each(['rest', 'rpc'] as const)('%s', (dialect) => {
  let api: StartedApi
  beforeAll(async () => {
    api = await startApi({
      env: {
        UPONAI_BASE_URL: sandbox.uponaiUrl,
        UPONAI_DIALECT: dialect,
        UPONAI_API_KEY: sandboxCredentials.uponaiApiKey,
        UPONAI_WORKSPACE_ID: String(sandboxCredentials.uponaiWorkspaceId),
      },
    })
  })
  afterAll(() => api.stop())

  async function withClient<T>(work: (client: ReturnType<typeof createUponAIClient>) => Promise<T>): Promise<T> {
    const client = createUponAIClient(api.config.uponai)
    try {
      return await work(client)
    } finally {
      await client.close()
    }
  }
  const chats = (...agents: string[]) =>
    withClient(async (client) => {
      const made: string[] = []
      for (const agentId of agents) made.push((await client.createChat({ agentId, metadata: { ticket: 1 } })).chatId)
      return made
    })
  const get = (path: string) => call(api.url, `/v1/chats${path}`)
  const read = async (query = '') => page.parse((await get(query)).body)
  const ids = async (query = '') => (await read(query)).items.map(({ chat_id }) => chat_id)

  test('a chat from its beginning to its analysis, in one form', async () => {
    const id = await withClient(async (client) => {
      const metadata = { conversation_id: conversation }
      const { chatId } = await client.createChat({
        agentId: 'chat_agent_a',
        metadata,
        dynamicVariables: { name: 'Ada' },
      })
      await client.complete(chatId, 'hello')
      return chatId
    })
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/)
    const running = {
      chat_id: id,
      conversation_id: conversation,
      agent_id: 'chat_agent_a',
      agent_version: dialect === 'rest' ? 1 : 0,
      status: 'ongoing',
      over: false,
      type: dialect === 'rest' ? 'web_chat' : 'api_chat',
      started_at: time,
      ended_at: null,
      metadata: { conversation_id: conversation },
      dynamic_variables: { name: 'Ada' },
      analysis: null,
      cost: null,
    }
    const messages = [
      { id: expect.any(String), role: 'user', text: 'hello', at: time },
      { id: expect.any(String), role: 'agent', text: 'echo: hello', at: time },
    ]
    expect(await get(`/${id}`)).toMatchObject({ status: 200, body: { ...running, messages } })
    const [listed] = (await read()).items
    expect(listed).toMatchObject(running)
    expect(listed).not.toHaveProperty('messages')
    expect(listed).not.toHaveProperty('transcript')

    await withClient((client) => client.endChat(id))
    const over = { status: 'ended', over: true, ended_at: time, cost: { cents: 1, products: [] } }
    await expect
      .poll(async () => (await get(`/${id}`)).body)
      .toMatchObject({
        ...over,
        transcript: 'User: hello\nAgent: echo: hello\n',
        analysis: { summary: expect.any(String), user_sentiment: 'Unknown', successful: true, custom: {} },
        messages,
      })
  })

  test('what an agent does with its tools is shown', async () => {
    const items = [
      { role: 'tool_call_invocation', name: 'lookup', tool_call_id: 't1', arguments: '{"q":1}' },
      { role: 'tool_call_result', tool_call_id: 't1', content: 'found' },
    ]
    await control.setScript({ rules: [{ text: 'order', answer: [...items, 'Here it is.'] }] })
    const id = await withClient(async (client) => {
      const { chatId } = await client.createChat({ agentId: 'chat_agent_a' })
      await client.complete(chatId, 'order')
      return chatId
    })
    const tool = dialect === 'rest' ? { tool_calls: [{ id: 't1' }] } : { tool_call_id: 't1', arguments: '{"q":1}' }
    expect((await get(`/${id}`)).body).toMatchObject({
      messages: [
        { role: 'user' },
        { role: 'tool_call_invocation', name: 'lookup', ...tool },
        { role: 'tool_call_result', text: 'found' },
        { role: 'agent', text: 'Here it is.' },
      ],
    })
  })

  test.each(['ascending', 'descending'])('%s pages show every chat once', async (sort) => {
    const made = await chats(...Array.from({ length: 7 }, () => 'chat_agent_a'))
    const seen: string[] = []
    let cursor = ''
    for (;;) {
      const { items, next } = await read(`?limit=3&sort=${sort}${cursor}`)
      seen.push(...items.map(({ chat_id }) => chat_id))
      if (next === null) break
      cursor = `&cursor=${encodeURIComponent(next)}`
    }
    expect(seen).toEqual(sort === 'ascending' ? made : made.toReversed())
  })

  test('filters choose, each and all together', async () => {
    const [one = '', two = ''] = await chats('chat_agent_a', 'chat_agent_b')
    const between = new Date(Date.now() + 1).toISOString()
    await expect.poll(() => new Date().toISOString() > between).toBe(true)
    const [three = ''] = await chats('chat_agent_a')
    await control.endChat(one)
    expect(await ids('?agent_id=chat_agent_a')).toEqual([three, one])
    expect(await ids('?status=ended')).toEqual([one])
    expect(await ids('?status=error')).toEqual([])
    expect(await ids(`?started_after=${between}`)).toEqual([three])
    expect(await ids(`?started_before=${between}`)).toEqual([two, one])
    expect(await ids(`?started_before=${between}&sort=ascending&status=ongoing`)).toEqual([two])
    expect(await ids('?agent_id=chat_agent_a&status=ongoing&limit=1')).toEqual([three])
  })

  test('what fits is found among many that do not, however small the pages', async () => {
    const [wanted = ''] = await chats('chat_agent_b', ...Array.from({ length: 30 }, () => 'chat_agent_a'))
    const seen: string[] = []
    let cursor = ''
    let pages = 0
    for (;;) {
      const { items, next } = await read(`?limit=2&agent_id=chat_agent_b${cursor}`)
      seen.push(...items.map(({ chat_id }) => chat_id))
      pages++
      if (next === null) break
      cursor = `&cursor=${encodeURIComponent(next)}`
    }
    expect(seen).toEqual([wanted])
    // 16 pages of UponAI's: in rest ten at a time are looked through, in rpc UponAI does that.
    expect(pages).toBe(dialect === 'rest' ? 2 : 1)
  })

  test.each([
    ['limit=0', 'limit'],
    ['sort=newest', 'sort'],
    ['status=open', 'status'],
    ['started_after=yesterday', 'started_after'],
    ['cursor=made-up', 'cursor'],
    ['agent=chat_agent_a', 'agent'],
  ])('%s is refused', async (query, path) => {
    const problem = expectProblem(await get(`?${query}`), 400, 'invalid_request')
    expect(problem.errors?.map((error) => error.path)).toEqual([path])
  })

  test('an unknown chat is not found; without a key nothing is', async () => {
    for (const id of ['chat_none', '..%2F..%2Fagents', '%2E%2E']) {
      expect((await get(`/${id}`)).status).toBe(404)
    }
    expectProblem(await get('/chat_none'), 404, 'not_found')
    for (const path of ['', '/chat_none']) {
      expectProblem(await call(api.url, `/v1/chats${path}`, { headers: anonymous }), 401, 'unauthorized')
    }
  })

  test('a chat is deleted, and analysed again, where the dialect has that', async () => {
    const [id = '', other = ''] = await chats('chat_agent_a', 'chat_agent_a')
    const rerun = () => call(api.url, `/v1/chats/${id}/analysis`, { method: 'POST' })
    const remove = (chat: string) => call(api.url, `/v1/chats/${chat}`, { method: 'DELETE' })
    expectProblem(await call(api.url, `/v1/chats/${id}`, { method: 'DELETE', headers: anonymous }), 401, 'unauthorized')
    const unasked = await call(api.url, `/v1/chats/${id}/analysis`, { method: 'POST', headers: anonymous })
    expectProblem(unasked, 401, 'unauthorized')
    if (dialect === 'rest') {
      expectProblem(await rerun(), 422, 'not_in_dialect')
      expectProblem(await remove(other), 422, 'not_in_dialect')
      expect(await ids()).toEqual([other, id])
      return
    }
    expectProblem(await rerun(), 409, 'conflict')
    await withClient((client) => client.endChat(id))
    expect(await rerun()).toMatchObject({ status: 200, body: { chat_id: id, status: 'ended' } })
    const fault = { kind: 'status', status: 500 } as const
    await control.setFaults({ rules: [{ target: 'uponai', operation: 'rerun-analysis', fault }] })
    expect(expectProblem(await rerun(), 502, 'bad_gateway').detail).toContain('it may have been done all the same')
    expect(await remove(other)).toMatchObject({ status: 204, body: undefined })
    expect(await ids()).toEqual([id])
    expectProblem(await remove(other), 404, 'not_found')
  })

  test.each([
    [500, 503, 'unavailable'],
    [401, 502, 'bad_gateway'],
    [400, 502, 'bad_gateway'],
  ])('UponAI answers %i: %i', async (status, answered, code) => {
    await control.setFaults({ rules: [{ target: 'uponai', fault: { kind: 'status', status } }] })
    for (const path of ['', '/chat_1']) {
      const answer = await get(path)
      expectProblem(answer, answered, code)
      expect(answer.headers.has('retry-after')).toBe(answered === 503)
    }
  })

  test('a pause that UponAI asks for is kept', async () => {
    await control.setFaults({ rules: [{ target: 'uponai', fault: { kind: 'status', status: 429, retry_after_s: 2 } }] })
    const [first, second] = [await get(''), await get('/chat_1')]
    for (const answer of [first, second]) {
      expectProblem(answer, 503, 'unavailable')
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    }
    expect(await control.history({ kind: 'uponai' })).toHaveLength(1)
    await control.clearFaults()
    await expect.poll(async () => (await get('')).status).toBe(200)
  })
})

test('rest: messages without role, id and time are shown as far as they go', async () => {
  await control.settings({ message_roles: false, message_ids: false, message_timestamps: false })
  const api = await startApi({
    env: {
      UPONAI_BASE_URL: sandbox.uponaiUrl,
      UPONAI_API_KEY: sandboxCredentials.uponaiApiKey,
      UPONAI_WORKSPACE_ID: String(sandboxCredentials.uponaiWorkspaceId),
    },
  })
  const client = createUponAIClient(api.config.uponai)
  const { chatId } = await client.createChat({ agentId: 'chat_agent_a' })
  await client.complete(chatId, 'hi')
  await client.close()
  const nobody = { id: null, role: null, at: null }
  expect((await call(api.url, `/v1/chats/${chatId}`)).body).toMatchObject({
    messages: [
      { ...nobody, text: 'hi' },
      { ...nobody, text: 'echo: hi' },
    ],
  })
  await api.stop()
})

test('the end of a chat is noted when the event comes without its metadata', async () => {
  const key = sandboxCredentials.uponaiApiKey
  const workspace = String(sandboxCredentials.uponaiWorkspaceId)
  const env = { UPONAI_BASE_URL: sandbox.uponaiUrl, UPONAI_API_KEY: key, UPONAI_WORKSPACE_ID: workspace }
  const api = await startApi({ env })
  const { id } = await newConversation(api.url)
  const client = createUponAIClient(api.config.uponai)
  const { chatId } = await client.createChat({ agentId: 'chat_agent_a', metadata: { conversation_id: id } })
  await client.close()
  const body = JSON.stringify({ event: 'chat_ended', chat: { chat_id: chatId, chat_status: 'ended' } })
  const at = Date.now()
  const digest = createHmac('sha256', key).update(body).update(`${at}`).digest('hex')
  const headers = { 'content-type': 'application/json', 'x-retell-signature': `v=${at},d=${digest}` }
  expect((await call(api.url, '/webhooks/uponai', { body, headers })).status).toBe(204)
  expect((await api.conversations.find(id))?.endedChatId).toBe(chatId)
  await api.stop()
})

test('all that a list asks of UponAI has one deadline', async () => {
  const api = await startApi({
    env: {
      UPONAI_BASE_URL: sandbox.uponaiUrl,
      UPONAI_DIALECT: 'rest',
      UPONAI_TIMEOUT_MS: '1000',
      UPONAI_API_KEY: sandboxCredentials.uponaiApiKey,
      UPONAI_WORKSPACE_ID: String(sandboxCredentials.uponaiWorkspaceId),
    },
  })
  const client = createUponAIClient(api.config.uponai)
  for (let n = 0; n < 10; n++) await client.createChat({ agentId: 'chat_agent_a' })
  await client.close()
  // Each is in time, and ten of them are not.
  const fault = { kind: 'latency', distribution: 'fixed', ms: 400 } as const
  await control.setFaults({ rules: [{ target: 'uponai', operation: 'list', fault }] })
  expectProblem(await call(api.url, '/v1/chats?agent_id=chat_agent_b&limit=1'), 503, 'unavailable')
  expect((await control.history({ kind: 'uponai' })).length).toBeLessThan(20)
  await api.stop()
})

test('UponAI is away', async () => {
  const api = await startApi({ env: { UPONAI_BASE_URL: 'http://127.0.0.1:1' } })
  expectProblem(await call(api.url, '/v1/chats'), 503, 'unavailable')
  await api.stop()
})
