import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { call, expectProblem, newConversation, say } from './calls.ts'
import { type StartedApi, startApi } from './started-api.ts'

let api: StartedApi
beforeAll(async () => {
  api = await startApi({ mostWaiting: 12 })
})
afterAll(() => api.stop())

const items = z.object({
  items: z.array(z.looseObject({ id: z.string(), text: z.string() })),
  next: z.string().nullable(),
})

describe('POST /v1/conversations', () => {
  test('begins a conversation with the agent that was asked for', async () => {
    const body = {
      agent_id: 'chat_agent_x',
      metadata: { customer: 7 },
      dynamic_variables: { name: 'Ada' },
    }
    const answer = await call(api.url, '/v1/conversations', { body })
    expect(answer.status).toBe(201)
    expect(answer.body).toEqual({
      conversation_id: expect.stringMatching(/^c0_/),
      status: 'open',
      channel: 'web',
      agent_id: 'chat_agent_x',
      token: expect.any(String),
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    })
    const location = answer.headers.get('location') ?? ''
    expect((await call(api.url, location)).body).toMatchObject({ ...body, status: 'open' })
  })

  test('takes the agent of a public key', async () => {
    const answer = await call(api.url, '/v1/conversations', { body: { public_key: 'pk_test' } })
    expect(answer.body).toMatchObject({ agent_id: 'chat_agent_web' })
  })

  test.each(['/v1/conversations', '/v1/sms'])(
    '%s refuses a version where the dialect cannot name one',
    async (path) => {
      const body = {
        agent_id: 'a',
        agent_version: 'latest_published',
        ...(path === '/v1/sms' && { to: '+14155550123' }),
      }
      const problem = expectProblem(await call(api.url, path, { body }), 422, 'not_in_dialect')
      expect(problem.errors?.map((error) => error.path)).toEqual(['agent_version'])
    },
  )

  test.each([
    ['no agent', {}, 'agent_id'],
    ['a version without an agent', { public_key: 'pk_test', agent_version: 1 }, 'agent_version'],
    ['a version that is none', { agent_id: 'a', agent_version: 1.5 }, 'agent_version'],
    ['an agent that is no text', { agent_id: 7 }, 'agent_id'],
    ['an unknown public key', { public_key: 'pk_other' }, 'public_key'],
    ['variables that are no texts', { agent_id: 'a', dynamic_variables: { age: 7 } }, 'dynamic_variables.age'],
    ['metadata that is no object', { agent_id: 'a', metadata: [1] }, 'metadata'],
    ['a field that is not known', { agent_id: 'a', dynamic_variable: { name: 'Ada' } }, 'dynamic_variable'],
    ['too much metadata', { agent_id: 'a', metadata: { x: 'x'.repeat(51_000) } }, 'metadata'],
  ])('refuses %s', async (_, body, path) => {
    const problem = expectProblem(await call(api.url, '/v1/conversations', { body }), 400, 'invalid_request')
    expect(problem.errors?.map((error) => error.path)).toEqual([path])
  })
})

describe('what is no JSON of a fair size', () => {
  test.each(['/v1/conversations', '/v1/conversations/ID/messages'])('%s', async (template) => {
    const { id } = await newConversation(api.url)
    const post = (body: string, type = 'application/json') =>
      call(api.url, template.replace('ID', id), { body, headers: { 'content-type': type } })
    expectProblem(await post('{"text": '), 400, 'malformed_body')
    expectProblem(await post('"text"'), 400, 'malformed_body')
    expectProblem(await post('text=hi', 'application/x-www-form-urlencoded'), 415, 'unsupported_type')
    expectProblem(await post('{"text":"hi"}', 'text/plain'), 415, 'unsupported_type')
    expectProblem(await post('{"text":"hi"}', 'application/json; charset=latin-9'), 415, 'unsupported_type')
    expectProblem(await post(JSON.stringify({ text: 'x'.repeat(100_000) })), 413, 'too_large')
    expectProblem(await post(JSON.stringify({ text: 'x', more: 'x'.repeat(100_000) })), 413, 'too_large')
    // the process goes on
    expect((await call(api.url, '/healthz')).body).toEqual({ status: 'ok' })
  })
})

describe('POST /v1/conversations/{id}/messages', () => {
  test('takes a message, which then waits and is in the ledger', async () => {
    const { id } = await newConversation(api.url, { public_key: 'pk_test' })
    const answer = await call(api.url, `/v1/conversations/${id}/messages`, { body: { text: 'Hi, é 👋' } })
    expect(answer.status).toBe(202)
    expect(answer.body).toEqual({ message_id: expect.any(String), conversation_id: id, status: 'queued' })
    const listed = await call(api.url, `/v1/conversations/${id}/messages`)
    expect(listed.body).toEqual({
      items: [
        {
          ...z
            .object({ message_id: z.string() })
            .transform(({ message_id }) => ({ id: message_id }))
            .parse(answer.body),
          role: 'user',
          text: 'Hi, é 👋',
          channel: 'web',
          status: 'queued',
          at: expect.stringMatching(/Z$/),
        },
      ],
      next: null,
    })
    // one for the greeting that the route shows, one for the message
    expect((await call(api.url, `/v1/conversations/${id}`)).body).toMatchObject({ pending: 2 })
  })

  test.each([
    ['no body', undefined, ''],
    ['no text', {}, 'text'],
    ['a text that is none', { text: 7 }, 'text'],
    ['an empty text', { text: '' }, 'text'],
    ['a blank text', { text: ' \n\t ' }, 'text'],
    ['a list', [], ''],
    ['a client_message_id that is none', { text: 'hi', client_message_id: 7 }, 'client_message_id'],
    ['an empty client_message_id', { text: 'hi', client_message_id: '' }, 'client_message_id'],
  ])('refuses %s', async (_, body, path) => {
    const { id } = await newConversation(api.url)
    const answer = await call(api.url, `/v1/conversations/${id}/messages`, { method: 'POST', body })
    const problem = expectProblem(answer, 400, 'invalid_request')
    expect(problem.errors?.map((error) => error.path)).toEqual([path])
    expect((await call(api.url, `/v1/conversations/${id}/messages`)).body).toMatchObject({ items: [] })
  })

  test('takes 8,000 characters in any spelling, and no more', async () => {
    const { id } = await newConversation(api.url)
    const post = (text: string, spelling = JSON.stringify({ text })) =>
      call(api.url, `/v1/conversations/${id}/messages`, {
        body: spelling,
        headers: { 'content-type': 'application/json' },
      })
    expect((await post('x'.repeat(8_000))).status).toBe(202)
    expectProblem(await post('x'.repeat(8_001)), 413, 'too_large')
    expect((await post('', `{"text":"${'\\ud83d\\udc4b'.repeat(8_000)}"}`)).status).toBe(202)
    expectProblem(await post('👋'.repeat(8_001)), 413, 'too_large')
  })

  test.each(['header', 'field'])(
    'a repeat with the same key in the %s answers the same and adds nothing',
    async (way) => {
      const { id } = await newConversation(api.url)
      const post = (text: string, key: string) =>
        call(api.url, `/v1/conversations/${id}/messages`, {
          body: way === 'field' ? { text, client_message_id: key } : { text },
          headers: way === 'header' ? { 'idempotency-key': key } : {},
        })
      const first = await post('once', 'k1')
      const again = await Promise.all([post('once', 'k1'), post('once', 'k1')])
      for (const answer of again) expect(answer).toMatchObject({ status: 202, body: first.body })
      expectProblem(await post('another text', 'k1'), 409, 'conflict')
      expect((await post('once', 'k2')).body).not.toEqual(first.body)
      const { items: all } = items.parse((await call(api.url, `/v1/conversations/${id}/messages`)).body)
      expect(all.map(({ text }) => text)).toEqual(['once', 'once'])
    },
  )

  test('header and field are the same key; two different ones are refused', async () => {
    const { id } = await newConversation(api.url)
    const post = (header: string, field: string) =>
      call(api.url, `/v1/conversations/${id}/messages`, {
        body: { text: 'hi', client_message_id: field },
        headers: { 'idempotency-key': header },
      })
    const first = await post('k', 'k')
    expect(first.status).toBe(202)
    const problem = expectProblem(await post('k', 'l'), 400, 'invalid_request')
    expect(problem.errors?.[0]?.path).toBe('client_message_id')
    const long = await call(api.url, `/v1/conversations/${id}/messages`, {
      body: { text: 'hi' },
      headers: { 'idempotency-key': 'k'.repeat(256) },
    })
    expectProblem(long, 400, 'invalid_request')
  })

  test('refuses more when too many are unanswered', async () => {
    const { id } = await newConversation(api.url, { public_key: 'pk_test' })
    // the greeting waits too
    for (let i = 1; i < 12; i++) await say(api.url, id, `message ${i}`)
    const answer = await call(api.url, `/v1/conversations/${id}/messages`, { body: { text: 'one more' } })
    expectProblem(answer, 429, 'too_many_waiting')
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('many messages of many conversations, as fast as a server can', async () => {
    const ids = await Promise.all(Array.from({ length: 50 }, async () => (await newConversation(api.url)).id))
    await Promise.all(
      ids.map(async (id) => {
        for (let i = 0; i < 10; i++) await say(api.url, id, `message ${i}`)
      }),
    )
    for (const id of ids) {
      const { items: all } = items.parse((await call(api.url, `/v1/conversations/${id}/messages`)).body)
      expect(all.map(({ text }) => text)).toEqual(Array.from({ length: 10 }, (_, i) => `message ${i}`))
    }
  })
})

describe('GET /v1/conversations/{id}/messages', () => {
  test('gives pages behind an id', async () => {
    const { id } = await newConversation(api.url)
    const ids: string[] = []
    for (let i = 0; i < 5; i++) ids.push(await say(api.url, id, `message ${i}`))
    const page = async (query: string) =>
      items.parse((await call(api.url, `/v1/conversations/${id}/messages${query}`)).body)
    const first = await page('?limit=2')
    expect(first).toMatchObject({ items: [{ id: ids[0] }, { id: ids[1] }], next: ids[1] })
    expect(await page(`?limit=2&after=${first.next}`)).toMatchObject({ items: [{ id: ids[2] }, { id: ids[3] }] })
    expect(await page(`?after=${ids[3]}`)).toMatchObject({ items: [{ id: ids[4] }], next: null })
    expect(await page(`?after=0`)).toMatchObject({ items: ids.map((id) => ({ id })) })
    expect(await page(`?after=${ids[4]}`)).toEqual({ items: [], next: null })
  })

  test.each(['after=x', 'after=-1', 'after=1&after=2', 'limit=0', 'limit=1001', 'limit=x', 'limit='])(
    'refuses ?%s',
    async (query) => {
      const { id } = await newConversation(api.url)
      const answer = await call(api.url, `/v1/conversations/${id}/messages?${query}`)
      const problem = expectProblem(answer, 400, 'invalid_request')
      expect(problem.errors?.[0]?.path).toBe(query.split('=')[0])
    },
  )
})

describe('GET /v1/conversations', () => {
  test('lists by status, channel and participant, page by page', async () => {
    const origin = { channel: 'sms' as const, sender: '+15005550006', agentId: 'chat_agent_sms' }
    const from = (participant: string) =>
      api.conversations.acceptFrom({ ...origin, participant }, { text: 'hi', key: `SM${participant}` })
    const { conversationId } = await from('+15005551001')
    await from('+15005551002')
    const list = async (query: string) =>
      z
        .object({ items: z.array(z.looseObject({ conversation_id: z.string() })), next: z.string().nullable() })
        .parse((await call(api.url, `/v1/conversations?${query}`)).body)
    for (const participant of ['%2B15005551001', '+15005551001']) {
      expect(await list(`participant=${participant}`)).toMatchObject({
        items: [{ conversation_id: conversationId, channel: 'sms', participant: '+15005551001', pending: 1 }],
        next: null,
      })
    }
    expect((await list('channel=sms')).items).toHaveLength(2)
    expect((await list('channel=sms&status=closed')).items).toHaveLength(0)
    const first = await list('channel=sms&limit=1')
    const second = await list(`channel=sms&limit=1&cursor=${first.next}`)
    expect(first.items).toHaveLength(1)
    expect(second.items).toHaveLength(1)
    expect(first.items).not.toEqual(second.items)
  })

  test.each(['status=half', 'channel=fax', 'cursor=x', 'limit=201'])('refuses ?%s', async (query) => {
    const problem = expectProblem(await call(api.url, `/v1/conversations?${query}`), 400, 'invalid_request')
    expect(problem.errors?.[0]?.path).toBe(query.split('=')[0])
  })
})

describe('POST /v1/conversations/{id}/end', () => {
  test('is an item behind what is queued', async () => {
    const { id } = await newConversation(api.url)
    await say(api.url, id, 'hi')
    const answer = await call(api.url, `/v1/conversations/${id}/end`, { method: 'POST' })
    expect(answer).toMatchObject({ status: 202, body: { conversation_id: id } })
    const mail = await api.redis.lrange(`${api.lanes.stemOf(0)}mail:${id}`, 0, -1)
    expect(mail.map((item) => JSON.parse(item.slice(item.indexOf('\n'))).kind)).toEqual(['open', 'message', 'end'])
  })
})

describe('what is not there', () => {
  test.each([
    ['GET', '/v1/conversations/nothing'],
    ['GET', '/v1/conversations/c0_AAAAAAAAAAAAAAAAAAAAAA'],
    ['GET', '/v1/conversations/c9999_AAAAAAAAAAAAAAAAAAAAAA/events'],
    ['POST', '/v1/conversations/c7_AAAAAAAAAAAAAAAAAAAAAA/messages'],
    ['POST', '/v1/conversations/c0_AAAAAAAAAAAAAAAAAAAAAA/end'],
    ['GET', '/v1/nothing'],
    ['GET', '/'],
  ])('%s %s', async (method, path) => {
    expectProblem(await call(api.url, path, { method }), 404, 'not_found')
  })

  test('a path that cannot be decoded', async () => {
    expectProblem(await call(api.url, '/v1/conversations/%E0%A4%A'), 400, 'malformed_body')
  })
})

describe('the log', () => {
  test('has one line per change, without texts and tokens', async () => {
    const { id, token } = await newConversation(api.url)
    const message = await say(api.url, id, 'a text that nobody else may see')
    await call(api.url, `/v1/conversations/${id}/messages?token=${token}`, { method: 'POST' })
    const lines = api.log.filter((line) => line.conversation === id)
    expect(lines).toMatchObject([
      { method: 'POST', path: '/v1/conversations', status: 201, outcome: 'created' },
      { path: '/v1/conversations/:id/messages', status: 202, outcome: 'accepted', message, caller: 'server' },
      { path: '/v1/conversations/:id/messages', status: 400, outcome: 'invalid_request' },
    ])
    expect(JSON.stringify(api.log)).not.toMatch(/nobody else|eyJ/)
  })
})
