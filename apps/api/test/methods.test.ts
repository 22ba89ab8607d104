import { afterAll, beforeAll, expect, test } from 'vitest'
import { anonymous, call, expectProblem, newConversation } from './calls.ts'
import { type StartedApi, startApi } from './started-api.ts'

let api: StartedApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

test.each([
  ['GET', '/webhooks/twilio/messages', 'POST, OPTIONS'],
  ['GET', '/webhooks/twilio/status', 'POST, OPTIONS'],
  ['PUT', '/webhooks/uponai', 'POST, OPTIONS'],
  ['DELETE', '/v1/conversations', 'POST, GET, HEAD, OPTIONS'],
  ['PUT', '/v1/conversations/c0_x', 'GET, PATCH, HEAD, OPTIONS'],
  ['POST', '/v1/dead-letters/x', 'GET, DELETE, HEAD, OPTIONS'],
  ['POST', '/healthz', 'GET, HEAD, OPTIONS'],
])('%s %s is told what is answered there', async (method, path, allow) => {
  const answer = await call(api.url, path, { method, headers: anonymous })
  expectProblem(answer, 405, 'method_not_allowed')
  expect(answer.headers.get('allow')).toBe(allow)
})

test('OPTIONS from nowhere in particular is answered, and allows no page anything', async () => {
  const answer = await call(api.url, '/v1/conversations', { method: 'OPTIONS', headers: anonymous })
  expect(answer.status).toBe(204)
  expect(answer.headers.get('access-control-allow-origin')).toBeNull()
})

test('what no route has is not there, whatever the method', async () => {
  for (const method of ['GET', 'POST', 'PUT'])
    expectProblem(await call(api.url, '/v1/nothing', { method }), 404, 'not_found')
})

test('a change by PATCH is in the log', async () => {
  const { id } = await newConversation(api.url)
  await call(api.url, `/v1/conversations/${id}`, { method: 'PATCH', body: { metadata: { a: 1 } } })
  expect(api.log).toContainEqual(expect.objectContaining({ method: 'PATCH', conversation: id, outcome: 'updated' }))
})
