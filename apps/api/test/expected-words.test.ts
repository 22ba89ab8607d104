import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, expectProblem, newConversation } from './calls.ts'
import { type StartedApi, startApi } from './started-api.ts'

let api: StartedApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

test('a field that is not known is named, with those that are', async () => {
  const expected = [
    { path: 'frm', message: expect.stringMatching(/^expected one of to, from, text, /) },
    { path: 'txt', message: expect.stringMatching(/^expected one of to, from, text, /) },
  ]
  const answer = await call(api.url, '/v1/sms', {
    body: { to: '+14155550123', text: 'Hi', frm: '+15005550006', txt: '' },
  })
  expect(expectProblem(answer, 400, 'invalid_request').errors).toEqual(expected)

  const chats = expectProblem(await call(api.url, '/v1/chats?agent=a'), 400, 'invalid_request')
  expect(chats.detail).toMatch(/^agent: expected one of agent_id, status, /)
})

test('a value that is none of those that there are is told which these are', async () => {
  const answer = await call(api.url, '/v1/conversations?status=new')
  expect(expectProblem(answer, 400, 'invalid_request').detail).toBe('status: expected one of open, closed')
})

test.each([
  ['messages', {}, 'text: expected a text'],
  ['messages', { text: 'Hi', client_message_id: 7 }, 'client_message_id: expected a text'],
  ['messages', { text: 'Hi', client_message_id: '' }, 'client_message_id: expected a text of at least 1 characters'],
  [
    'messages',
    { text: 'Hi', client_message_id: 'x'.repeat(256) },
    'client_message_id: expected a text of at most 255 characters',
  ],
  ['replies', { text: null }, 'text: expected a text'],
  ['link', { sms: 14155550123 }, 'sms: expected a text'],
  ['link', {}, 'expected either sms or whatsapp, with a number'],
])('a field of %s that is not what it should be is told with what was expected: %j', async (path, body, detail) => {
  const { id } = await newConversation(api.url)
  const answer = await call(api.url, `/v1/conversations/${id}/${path}`, { body })
  expect(expectProblem(answer, 400, 'invalid_request').detail).toBe(detail)
})
