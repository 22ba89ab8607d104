import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { anonymous, asToken, call, expectProblem, newConversation } from './calls.ts'
import { environment, type StartedApi, startApi } from './started-api.ts'

let api: StartedApi
let mine: { id: string; token: string }
let other: { id: string; token: string }
beforeAll(async () => {
  api = await startApi()
  mine = await newConversation(api.url)
  other = await newConversation(api.url)
})
afterAll(() => api.stop())

const origin = 'https://www.example.com'

/** What the holder of a conversation's token may do with it. */
const ofConversation = [
  ['GET', ''],
  ['GET', '/messages'],
  ['POST', '/messages'],
  ['POST', '/end'],
  ['GET', '/events'],
]

const ofServers = [
  ['GET', '/v1/conversations'],
  ['GET', '/v1/dead-letters'],
  ['POST', '/v1/dead-letters/x/replay'],
  ['DELETE', '/v1/dead-letters/x'],
]

const tokenFor = (subject: string | undefined, expires: string, secret = environment.SESSION_SECRET) => {
  const token = new SignJWT().setProtectedHeader({ alg: 'HS256' }).setExpirationTime(expires)
  if (subject !== undefined) token.setSubject(subject)
  return token.sign(new TextEncoder().encode(secret))
}

describe.each(ofConversation)('%s /v1/conversations/{id}%s', (method, path) => {
  const body = method === 'POST' ? { text: 'hi' } : undefined
  const ask = (headers: Record<string, string>, query = '') =>
    call(api.url, `/v1/conversations/${mine.id}${path}${query}`, { method, body, headers })

  test('refuses who has no credentials, or wrong ones', async () => {
    for (const authorization of ['', 'Bearer', 'Bearer wrong', 'Bearer a.b.c', 'Basic dXNlcjpwYXNz', mine.token]) {
      const answer = await ask({ authorization })
      expectProblem(answer, 401, 'unauthorized')
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    }
    for (const token of [
      await tokenFor(mine.id, '-1 minute'),
      await tokenFor(mine.id, '1 day', 'another secret'),
      await tokenFor(undefined, '1 day'),
    ])
      expectProblem(await ask(asToken(token)), 401, 'unauthorized')
  })

  test("refuses another conversation's token", async () => {
    expectProblem(await ask(asToken(other.token)), 403, 'forbidden')
  })

  test('takes a token in the query for events only', async () => {
    if (path === '/events') {
      expectProblem(await ask(anonymous, `?token=${other.token}`), 403, 'forbidden')
      expectProblem(await ask(anonymous, '?token=x'), 401, 'unauthorized')
    } else {
      expectProblem(await ask(anonymous, `?token=${mine.token}`), 401, 'unauthorized')
    }
  })

  test('takes the token of the conversation', async () => {
    // an event stream has no end; its own tests open it
    if (path !== '/events') expect((await ask(asToken(mine.token))).status).toBeLessThan(300)
  })
})

test('a token whose conversation is gone finds nothing', async () => {
  const id = 'c0_AAAAAAAAAAAAAAAAAAAAAA'
  const answer = await call(api.url, `/v1/conversations/${id}`, { headers: asToken(await tokenFor(id, '1 day')) })
  expectProblem(answer, 404, 'not_found')
})

test.each(ofServers)('%s %s is for API keys only', async (method, path) => {
  for (const authorization of ['', 'Bearer wrong', `Bearer ${mine.token}`])
    expectProblem(await call(api.url, path, { method, headers: { authorization } }), 401, 'unauthorized')
})

test('every one of the API keys is good', async () => {
  expect((await call(api.url, '/v1/dead-letters', { headers: asToken('another-key') })).status).toBe(200)
})

test('without API keys nobody is a server', async () => {
  const bare = await startApi({ env: { API_KEYS: '' } })
  expectProblem(await call(bare.url, '/v1/conversations'), 401, 'unauthorized')
  await bare.stop()
})

describe('a browser', () => {
  const create = (body: Record<string, unknown>, headers: Record<string, string> = { origin }) =>
    call(api.url, '/v1/conversations', { body, headers: { ...anonymous, ...headers } })

  test('begins a conversation with a public key, and may use it', async () => {
    const answer = await create({ public_key: 'pk_test' })
    expect(answer).toMatchObject({ status: 201, body: { agent_id: 'chat_agent_web' } })
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  })

  test('needs a known public key and an allowed origin', async () => {
    expectProblem(await create({}), 401, 'unauthorized')
    expectProblem(await create({ public_key: 'pk_other' }), 401, 'unauthorized')
    expectProblem(await create({ public_key: 'pk_test' }, {}), 401, 'unauthorized')
    const elsewhere = await create({ public_key: 'pk_test' }, { origin: 'https://www.example.com.evil.test' })
    expectProblem(elsewhere, 401, 'unauthorized')
    expect(elsewhere.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('does not choose the agent', async () => {
    const answer = await create({ public_key: 'pk_test', agent_id: 'chat_agent_expensive' })
    expect(expectProblem(answer, 400, 'invalid_request').errors?.[0]?.path).toBe('agent_id')
  })

  test('is asked for permission first, and gets it for allowed origins only', async () => {
    const preflight = (from: string) =>
      call(api.url, `/v1/conversations/${mine.id}/messages`, {
        method: 'OPTIONS',
        headers: { ...anonymous, origin: from, 'access-control-request-method': 'POST' },
      })
    const allowed = await preflight(origin)
    expect(allowed.status).toBe(204)
    expect(allowed.headers.get('access-control-allow-origin')).toBe(origin)
    expect(allowed.headers.get('access-control-allow-headers')).toMatch(/Authorization.*Idempotency-Key/)
    expect(allowed.headers.get('vary')).toMatch(/Origin/)
    expect((await preflight('https://evil.test')).headers.get('access-control-allow-origin')).toBeNull()
  })

  test('can read failures too', async () => {
    const answer = await call(api.url, `/v1/conversations/${mine.id}`, { headers: { ...anonymous, origin } })
    expectProblem(answer, 401, 'unauthorized')
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  })
})

describe('who goes too fast is told when to come back', () => {
  test('with messages', async () => {
    const { id, token } = await newConversation(api.url)
    const answers = await Promise.all(
      Array.from({ length: 21 }, () =>
        call(api.url, `/v1/conversations/${id}/messages`, { body: { text: 'hi' }, headers: asToken(token) }),
      ),
    )
    const late = answers.filter(({ status }) => status !== 202)
    expect(late).toHaveLength(1)
    for (const answer of late) {
      expectProblem(answer, 429, 'too_fast')
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
  })

  test('with conversations', async () => {
    const fresh = await startApi()
    const create = () =>
      call(fresh.url, '/v1/conversations', { body: { public_key: 'pk_test' }, headers: { ...anonymous, origin } })
    for (let i = 0; i < 20; i++) expect((await create()).status).toBe(201)
    expectProblem(await create(), 429, 'too_fast')
    await fresh.stop()
  })

  test.each([
    ['1', 201],
    ['0', 429],
  ])('with conversations, each visitor for itself behind %s known proxies', async (API_TRUST_PROXY, others) => {
    const fresh = await startApi({ env: { API_TRUST_PROXY } })
    const create = (from: string) => {
      const headers = { ...anonymous, origin, 'x-forwarded-for': from }
      return call(fresh.url, '/v1/conversations', { body: { public_key: 'pk_test' }, headers })
    }
    for (let i = 0; i < 20; i++) expect((await create('192.0.2.1')).status).toBe(201)
    // What a visitor claims stands before what the proxy says.
    expectProblem(await create('192.0.2.7, 192.0.2.1'), 429, 'too_fast')
    expect((await create('192.0.2.2')).status).toBe(others)
    await fresh.stop()
  })
})
