import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { smsStatusForm } from '../../../packages/core/src/channels/twilio/status.ts'
import { call, expectProblem } from './calls.ts'
import { accountSid, authToken, publicUrl, type StartedApi, startApi } from './started-api.ts'
import { inbound, messages, postForm, sign } from './twilio-requests.ts'

let api: StartedApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

const post = (fields: Record<string, string>, signing = {}) => postForm(api.url, messages, fields, signing)

describe('a form of Twilio’s', () => {
  test('may carry what add-ons put into it', async () => {
    expect((await post({ ...inbound(), AddOns: JSON.stringify({ results: 'x'.repeat(300_000) }) })).status).toBe(204)
  })

  test('is bounded in bytes and fields', async () => {
    const long = await post({ ...inbound(), AddOns: 'x'.repeat(600_000) })
    expect(expectProblem(long, 413, 'too_large').detail).toContain('524288 bytes')
    const fields = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`f${i}`, '']))
    expect(expectProblem(await post({ ...inbound(), ...fields }), 413, 'too_large').detail).toContain('1000 fields')
  })

  test.each([
    // [in the console, as it comes in]
    ["?tag=it's+here", '?tag=it%27s+here'],
    ["?tag=it's%20here&x=a+b", '?tag=it%27s%20here&x=a+b'],
    ['?tag=a|b+c&x={1}', '?tag=a%7Cb+c&x=%7B1%7D'],
    ['?tag=it%27s+here', "?tag=it's+here"],
    ['?tag=100%25+a%26b%2Bc', '?tag=100%25+a%26b%2Bc'],
  ])('signed over %s is right when it comes in as %s', async (written, comes) => {
    expect((await postForm(api.url, messages + comes, inbound(), { url: publicUrl + messages + written })).status).toBe(
      204,
    )
  })

  test.each([
    ['?tag=a+b', '?tag=a%20b'],
    ['?tag=a&b', '?tag=a%26b'],
    ['?tag=a', '?tag=b'],
  ])('signed over %s is not right when it comes in as %s', async (written, comes) => {
    const answer = await postForm(api.url, messages + comes, inbound(), { url: publicUrl + messages + written })
    expectProblem(answer, 403, 'bad_signature')
  })
})

describe('a refusal names its cause:', () => {
  test('JSON', async () => {
    const answer = await call(api.url, messages, {
      body: { MessageSid: 'SM1' },
      headers: { 'x-twilio-signature': sign(authToken, publicUrl + messages, {}) },
    })
    const { detail } = expectProblem(answer, 415, 'unsupported_type')
    expect(detail).toContain('application/x-www-form-urlencoded')
    expect(detail).toContain('application/json')
  })

  test('no signature', async () => {
    const body = new URLSearchParams(inbound()).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await call(api.url, messages, { body, headers })
    expect(expectProblem(answer, 403, 'bad_signature').detail).toContain('header X-Twilio-Signature')
  })

  test('another account, signed with its own token', async () => {
    const fields = inbound({ AccountSid: accountSid.replace('AC0', 'AC1') })
    const { detail } = expectProblem(await post(fields, { token: '0'.repeat(32) }), 403, 'bad_signature')
    expect(detail).toContain('TWILIO_ACCOUNT_SID')
  })

  test('another token, or another URL', async () => {
    const { detail } = expectProblem(await post(inbound(), { token: '0'.repeat(32) }), 403, 'bad_signature')
    expect(detail).toContain('TWILIO_AUTH_TOKEN')
    expect(detail).toContain('PUBLIC_URL')
    expect(detail).toContain(publicUrl + messages)
  })
})

test.each([
  ['delivered', '0', undefined],
  ['delivered', '', undefined],
  ['delivered', '000', undefined],
  ['undelivered', '30008', 'twilio_30008'],
])('%s with ErrorCode=%j has the reason %s', (MessageStatus, ErrorCode, reason) => {
  const form = { MessageSid: 'SM1', AccountSid: accountSid, MessageStatus, ErrorCode }
  expect(smsStatusForm.parse(form).reason).toBe(reason)
})
