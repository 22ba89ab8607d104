import { createHmac } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { anonymous, asToken, call, expectProblem, newConversation } from './calls.ts'
import { type RawClient, rawClient } from './raw-client.ts'
import { apiKey, type StartedApi, startApi, webhookKey } from './started-api.ts'
import { inbound, messages, postForm } from './twilio-requests.ts'

let api: StartedApi
beforeAll(async () => {
  api = await startApi({ listener: { times: { requestMs: 3_000, headersMs: 3_000, restMs: 200 } } })
})
afterAll(() => api.stop())

const origin = 'https://www.example.com'
const formLike = () => `v=${Date.now()},d=${'0'.repeat(64)}`
const signatureOf = (body: string, at = Date.now()) =>
  `v=${at},d=${createHmac('sha256', webhookKey).update(body).update(String(at)).digest('hex')}`

/** A request's head, and the beginning of a body that is announced to be longer. */
function halfSent(path: string, headers: Record<string, string>, sent = '{'): string {
  const all = { host: 'x', 'content-length': '4000000', 'content-type': 'application/json', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${sent}`
}

async function client(bytes: string, url = api.url): Promise<RawClient> {
  const made = await rawClient(url, bytes)
  onTestFinished(() => void made.socket.destroy())
  return made
}

describe('who is not known is refused before the body is read, and the connection closed', () => {
  test.each<[string, string, Record<string, string>, number]>([
    ['no signature for UponAI', '/webhooks/uponai', {}, 403],
    ['one of another form', '/webhooks/uponai', { 'x-retell-signature': 'v=1' }, 403],
    ['one of an hour ago', '/webhooks/uponai', { 'x-retell-signature': `v=1,d=${'0'.repeat(64)}` }, 403],
    ['no signature for Twilio', '/webhooks/twilio/messages', {}, 403],
    ['one that no HMAC-SHA1 has', '/webhooks/twilio/status', { 'x-twilio-signature': 'abc=' }, 403],
    ['no key for a new conversation', '/v1/conversations', {}, 401],
    ['a wrong key', '/v1/conversations', { authorization: 'Bearer wrong' }, 401],
    ['a page that no route allows', '/v1/conversations', { origin: 'https://evil.test' }, 401],
    ['no key for an SMS', '/v1/sms', {}, 401],
    ['no token', '/v1/conversations/c0_AAAAAAAAAAAAAAAAAAAAAA/messages', {}, 401],
    ['no key for a replay', '/v1/dead-letters/replay', {}, 401],
  ])('%s', async (_, path, headers, status) => {
    const { closed } = await client(halfSent(path, headers))
    expect(await closed).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  })
})

test('a body that does not arrive in time ends its connection', async () => {
  const { closed } = await client(
    halfSent('/webhooks/uponai', { 'x-retell-signature': formLike() }).replace('4000000', '9'),
  )
  expect(await closed).toMatch(/^(HTTP\/1.1 408 |$)/)
})

test('a head that does not arrive in time ends its connection', async () => {
  const { closed } = await client('POST /webhooks/uponai HTTP/1.1\r\nhost: x\r\nx-')
  expect(await closed).toMatch(/^(HTTP\/1.1 408 |$)/)
})

test('nothing is inflated', async () => {
  const bomb = gzipSync(`{"event":"chat_ended","x":"${' '.repeat(100_000)}"}`)
  const post = async (path: string, headers: Record<string, string>) => {
    const response = await fetch(api.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip', ...headers },
      body: bomb,
    })
    return { status: response.status, headers: response.headers, body: await response.json() }
  }
  expectProblem(await post('/webhooks/uponai', { 'x-retell-signature': formLike() }), 415, 'unsupported_type')
  const signature = `${'a'.repeat(27)}=`
  expectProblem(await post('/webhooks/twilio/messages', { 'x-twilio-signature': signature }), 415, 'unsupported_type')
  expectProblem(await post('/v1/sms', { authorization: `Bearer ${apiKey}` }), 415, 'unsupported_type')
})

describe("UponAI's events", () => {
  const post = (body: string, signature = signatureOf(body)) =>
    call(api.url, '/webhooks/uponai', { body, headers: { 'x-retell-signature': signature } })
  const event = (more: string) => `{"event":"chat_ended","chat":{"chat_id":"chat_1","transcript":"${more}"}}`

  test('are taken up to 16 MB', async () => {
    expect((await post(event('x'.repeat(15 * 1024 * 1024)))).status).toBe(204)
    const body = event('x'.repeat(16 * 1024 * 1024))
    expectProblem(await post(body), 413, 'too_large')
  })

  test('over 1 MB are taken one at a time, and the others asked to come again', async () => {
    const holder = await client(halfSent('/webhooks/uponai', { 'x-retell-signature': formLike() }))
    const body = event('x'.repeat(2 * 1024 * 1024))
    await expect.poll(async () => (await post(body)).status).toBe(503)
    const answer = await post(body)
    expectProblem(answer, 503, 'unavailable')
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await post(event('small'))).status).toBe(204)
    holder.socket.destroy()
    await expect.poll(async () => (await post(body)).status, { timeout: 90_000 }).toBe(204)
  })

  test('over 1 MB whose sender hardly sends makes way for the next one', async () => {
    const patient = await startApi({ listener: { times: { requestMs: 120_000, restMs: 200 } } })
    onTestFinished(() => patient.stop())
    const holder = await client(
      halfSent('/webhooks/uponai', { 'x-retell-signature': formLike() }, 'x'.repeat(60_000)),
      patient.url,
    )
    const drip = setInterval(() => holder.socket.write('x'), 50)
    onTestFinished(() => clearInterval(drip))
    const body = event('x'.repeat(2 * 1024 * 1024))
    const send = () =>
      call(patient.url, '/webhooks/uponai', { body, headers: { 'x-retell-signature': signatureOf(body) } })
    await expect.poll(async () => (await send()).status, { timeout: 90_000 }).toBe(204)
    expect(await holder.closed).toMatch(/^HTTP\/1.1 503 /)
    expect((await send()).status).toBe(204)
  })

  test.each([
    ['objects in objects', `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`],
    ['lists in lists', `${'['.repeat(9_000)}${']'.repeat(9_000)}`],
  ])('nested too deep are refused: %s', async (_, deep) => {
    const problem = expectProblem(
      await post(`{"event":"chat_ended","chat":{"metadata":${deep}}}`),
      400,
      'malformed_body',
    )
    expect(problem.detail).toMatch(/32 levels/)
  })
})

describe('a JSON body', () => {
  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

  test.each([
    ['deep', `{"agent_id":"a","metadata":{"a":${deep(9_000)}}}`, /32 levels/],
    ['one level too deep', `{"agent_id":"a","metadata":{"a":${deep(31)}}}`, /32 levels/],
    ['with a number that nothing holds', '{"agent_id":"a","metadata":{"a":[1,{"b":-1e999}]}}', /below 1.8e308/],
    ['full of members', `{"agent_id":"a","metadata":{"a":[${'0,'.repeat(5_001)}0]}}`, /5000 members/],
  ])('that is %s is refused', async (_, body, words) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await call(api.url, '/v1/conversations', { body, headers })
    expect(expectProblem(answer, 400, 'invalid_request').detail).toMatch(words)
    const unknown = await call(api.url, '/v1/conversations', { body, headers: { ...headers, ...anonymous } })
    expectProblem(unknown, 401, 'unauthorized')
  })

  test('may hold brackets and quotes in its texts, and 32 levels', async () => {
    const metadata = { text: '[{'.repeat(100), quote: '"[[[\\"', backslash: '\\' }
    const body = `{"agent_id":"a","metadata":${JSON.stringify({ ...metadata, deep: 'DEEP' }).replace('"DEEP"', deep(30))}}`
    const answer = await call(api.url, '/v1/conversations', { body, headers: { 'content-type': 'application/json' } })
    expect(answer.status).toBe(201)
  })

  test('is kept well-formed in every text and name, as the agent and the ledger get it', async () => {
    const headers = { 'content-type': 'application/json' }
    const body = String.raw`{"agent_id":"a","metadata":{"half \udc00":["\ud83d",{"nul":"\u0000"}],"whole":"\ud83d\ude00","1e999":"1e999"},"dynamic_variables":{"v\ud83d":"\udc00"}}`
    const created = await call(api.url, '/v1/conversations', { body, headers })
    const path = `/v1/conversations/${Object(created.body).conversation_id}`
    const kept = { 'half \uFFFD': ['\uFFFD', { nul: '\uFFFD' }], whole: '😀', '1e999': '1e999' }
    expect((await call(api.url, path)).body).toMatchObject({
      metadata: kept,
      dynamic_variables: { 'v\uFFFD': '\uFFFD' },
    })
    const patch = String.raw`{"dynamic_variables":{"w":"\ud83d"}}`
    expect(await call(api.url, path, { method: 'PATCH', body: patch, headers })).toMatchObject({
      body: { metadata: kept, dynamic_variables: { w: '\uFFFD' } },
    })
  })

  test("is small when a browser's page begins a conversation", async () => {
    const answer = await call(api.url, '/v1/conversations', {
      body: { public_key: 'pk_test', x: 'x'.repeat(17 * 1024) },
      headers: { ...anonymous, origin },
    })
    expectProblem(answer, 413, 'too_large')
  })
})

test('many half-sent bodies of one address leave room for others, and for whoever has an API key', async () => {
  // They are held for as long as this takes, also on a busy machine.
  const patient = await startApi({ listener: { times: { requestMs: 120_000, headersMs: 120_000, restMs: 200 } } })
  onTestFinished(() => patient.stop())
  const { id, token } = await newConversation(patient.url)
  const path = `/v1/conversations/${id}/messages`
  const headers = { authorization: `Bearer ${token}`, 'content-length': '90000' }
  const held = await Promise.all(Array.from({ length: 510 }, () => client(halfSent(path, headers), patient.url)))
  const answers = () => held.filter(({ received }) => received().startsWith('HTTP/1.1 503 ')).length
  await expect.poll(answers, { timeout: 90_000 }).toBe(10)
  expect((await call(patient.url, path, { body: { text: 'hi' } })).status).toBe(202)
  // The oldest makes way.
  expect((await call(patient.url, path, { body: { text: 'hi' }, headers: asToken(token) })).status).toBe(202)
  await expect.poll(answers, { timeout: 90_000 }).toBe(11)
})

test('half-sent bodies of many addresses keep out nobody', async () => {
  const patient = await startApi({
    env: { API_TRUST_PROXY: '1' },
    listener: { times: { requestMs: 120_000, headersMs: 120_000, restMs: 200 } },
  })
  onTestFinished(() => patient.stop())
  const heads = Array.from({ length: 1_000 }, (_, i) => {
    const headers = { 'x-twilio-signature': `${'a'.repeat(27)}=`, 'x-forwarded-for': `2001:db8:0:${i % 50}::1` }
    return halfSent('/webhooks/twilio/messages', {
      ...headers,
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': '5000',
    })
  })
  await Promise.all(heads.map((head) => client(head, patient.url)))
  const post = () => postForm(patient.url, messages, inbound())
  for (let i = 0; i < 20; i++) expect((await post()).status).toBe(204)
})
