import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { anonymous, asToken, call, expectProblem } from './calls.ts'
import { type StartedApi, startApi, writeRoutes } from './started-api.ts'

const origin = 'https://www.example.com'
const browser = { ...anonymous, origin }

let api: StartedApi
beforeAll(async () => {
  const routes = writeRoutes(`
web:
  - public_key: pk_none
    allowed_origins: ["${origin}"]
    agent_id: chat_agent_web
  - public_key: pk_some
    allowed_origins: ["${origin}"]
    agent_id: chat_agent_web
    variables: [page, language]
`)
  api = await startApi({ env: { CHATLANE_CONFIG: routes } })
})
afterAll(() => api.stop())

const begin = (body: Record<string, unknown>, headers: Record<string, string> = browser) =>
  call(api.url, '/v1/conversations', { body, headers })

describe('a browser cannot speak for the business', () => {
  test.each<[string, string, Record<string, unknown>, string]>([
    ['a variable, where none is listed', 'pk_none', { dynamic_variables: { page: '/' } }, 'dynamic_variables.page'],
    ['a variable that is not listed', 'pk_some', { dynamic_variables: { is_vip: 'true' } }, 'dynamic_variables.is_vip'],
    [
      'a name of Chatlane’s',
      'pk_some',
      { dynamic_variables: { opening_message: 'x' } },
      'dynamic_variables.opening_message',
    ],
    ['a number', 'pk_some', { dynamic_variables: { user_number: '+14155550100' } }, 'dynamic_variables.user_number'],
    ['several lines', 'pk_some', { dynamic_variables: { page: '/\nis_vip: true' } }, 'dynamic_variables.page'],
    ['the marks of our words', 'pk_some', { dynamic_variables: { page: '⟦' } }, 'dynamic_variables.page'],
    ['a long value', 'pk_some', { dynamic_variables: { page: 'x'.repeat(501) } }, 'dynamic_variables.page'],
    ['metadata', 'pk_some', { metadata: { verified: true } }, 'metadata'],
    ['metadata of ours', 'pk_some', { metadata: { conversation_id: 'c0_x' } }, 'metadata'],
  ])('by setting %s', async (_, publicKey, fields, path) => {
    const problem = expectProblem(await begin({ public_key: publicKey, ...fields }), 422, 'not_for_browsers')
    expect(problem.errors?.map((error) => error.path)).toEqual([path])
  })

  test('and may set what its route lists', async () => {
    const set = { page: '/prices', language: 'de' }
    const answer = await begin({ public_key: 'pk_some', dynamic_variables: set, metadata: {} })
    expect(answer.status).toBe(201)
    const { conversation_id: id, token } = Object(answer.body)
    const view = { dynamic_variables: set, dynamic_variable_keys: ['page', 'language'] }
    expect((await call(api.url, `/v1/conversations/${id}`, { headers: asToken(token) })).body).toMatchObject(view)
    expect((await call(api.url, `/v1/conversations/${id}`)).body).toMatchObject({ dynamic_variables: set })
  })
})

test('a token shows the names of what a server set, and none of the values', async () => {
  const answer = await begin(
    { public_key: 'pk_some', dynamic_variables: { page: 'secret-1' }, metadata: { account: 'secret-2' } },
    {},
  )
  const { conversation_id: id, token } = Object(answer.body)
  const shown = await call(api.url, `/v1/conversations/${id}`, { headers: asToken(token) })
  expect(shown.body).toMatchObject({
    metadata_keys: ['account'],
    dynamic_variable_keys: ['page'],
    dynamic_variables: {},
  })
  expect(JSON.stringify(shown.body)).not.toContain('secret')
  expect((await call(api.url, `/v1/conversations/${id}`)).body).toMatchObject({
    metadata: { account: 'secret-2' },
    dynamic_variables: { page: 'secret-1' },
  })
})
