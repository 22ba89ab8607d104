import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectProblem, newConversation, say } from './calls.ts'
import { accountSid, type StartedApi, startApi } from './started-api.ts'
import { newSid, postForm, type Signing } from './twilio-requests.ts'

let api: StartedApi
/** A message of a conversation; whose it is makes no difference here. */
let conversation: string
let message: string
beforeAll(async () => {
  api = await startApi()
  conversation = (await newConversation(api.url)).id
})
afterAll(() => api.stop())

interface Told {
  status: string
  sid?: string
  errorCode?: string
  about?: { conversation?: string; message?: string; part?: string; parts?: string }
}

function tell({ status, sid = newSid(), errorCode, about = { conversation, message } }: Told, signing: Signing = {}) {
  const query = new URLSearchParams({ part: '0', ...about })
  const fields = {
    AccountSid: accountSid,
    MessageSid: sid,
    MessageStatus: status,
    To: '+15005550001',
    ...(errorCode !== undefined && { ErrorCode: errorCode }),
  }
  return postForm(api.url, `/webhooks/twilio/status?${query}`, fields, signing)
}

const shown = async (id: string) =>
  (await api.conversations.messages(conversation, '0', 1_000)).items.find((item) => item.id === id)

const ledgerLength = () => api.redis.xlen(`{${api.prefix}:0}:ledger:${conversation}`)

test.each([
  ['sent', undefined, { status: 'sent' }],
  ['delivered', undefined, { status: 'delivered' }],
  ['read', undefined, { status: 'read' }],
  ['undelivered', '30003', { status: 'undelivered', reason: 'twilio_30003' }],
  ['failed', '30007', { status: 'failed', reason: 'twilio_30007' }],
  ['canceled', undefined, { status: 'failed' }],
  ['DELIVERED', undefined, { status: 'delivered' }],
])('%s is shown on the message', async (status, errorCode, expected) => {
  message = await say(api.url, conversation, status)
  const answer = await tell({ status, ...(errorCode !== undefined && { errorCode }) })
  expect(answer).toMatchObject({ status: 204, body: undefined })
  expect(await shown(message)).toMatchObject(expected)
})

test.each(['delivered', 'read', 'sent'])('a code beside %s is no reason: it is no failure', async (status) => {
  message = await say(api.url, conversation, `${status} with a code`)
  expect((await tell({ status, errorCode: '30003' })).status).toBe(204)
  expect(await shown(message)).toMatchObject({ status })
  expect(await shown(message)).not.toHaveProperty('reason')
})

test.each<[string, Record<string, string>]>([
  ['its older names alone', { SmsSid: newSid(), SmsStatus: 'delivered' }],
  ['empty fields', { MessageSid: newSid(), MessageStatus: 'delivered', To: '', From: '', MessagingServiceSid: '' }],
  ['an address in another spelling', { MessageSid: newSid(), MessageStatus: 'delivered', To: ' 15005550001' }],
])('a callback with %s is taken', async (what, fields) => {
  message = await say(api.url, conversation, what)
  const query = new URLSearchParams({ part: '0', conversation, message })
  const answer = await postForm(api.url, `/webhooks/twilio/status?${query}`, { AccountSid: accountSid, ...fields })
  expect(answer.status).toBe(204)
  expect(await shown(message)).toMatchObject({ status: 'delivered' })
})

test('a callback without an id or a state says which is missing', async () => {
  const path = `/webhooks/twilio/status?part=0&conversation=${conversation}&message=1-0`
  const noId = await postForm(api.url, path, { AccountSid: accountSid, MessageStatus: 'sent' })
  expect(expectProblem(noId, 400, 'invalid_request').detail).toBe('MessageSid: expected a text')
  const noState = await postForm(api.url, path, { AccountSid: accountSid, MessageSid: newSid(), MessageStatus: '' })
  expect(expectProblem(noState, 400, 'invalid_request').detail).toBe('MessageStatus: expected a text')
})

test('statuses may come in any order and again', async () => {
  message = await say(api.url, conversation, 'out of order')
  const sid = newSid()
  const before = await ledgerLength()
  for (const status of ['delivered', 'sent', 'delivered', 'sent', 'delivered'])
    expect((await tell({ status, sid })).status).toBe(204)
  expect(await shown(message)).toMatchObject({ status: 'delivered' })
  expect(await ledgerLength()).toBe(before + 2)
})

test('a text in several parts has come as far as the last of them', async () => {
  message = await say(api.url, conversation, 'two parts')
  const sids = [newSid(), newSid()]
  const part = async (part: 0 | 1, status: string) => {
    const about = { conversation, message, part: String(part), parts: '2' }
    expect((await tell({ status, sid: sids[part] ?? '', about })).status).toBe(204)
    return (await shown(message))?.status
  }
  expect(await part(0, 'delivered')).toBe('queued')
  expect(await part(1, 'queued')).toBe('queued')
  expect(await part(1, 'sent')).toBe('sent')
  expect(await part(0, 'read')).toBe('sent')
  expect(await part(1, 'delivered')).toBe('delivered')
})

test('a text in several parts is delivered when all are, also if that is told at the same time', async () => {
  for (let i = 0; i < 20; i++) {
    message = await say(api.url, conversation, `at once ${i}`)
    const parts = ['0', '1', '2'].map((part) => ({ conversation, message, part, parts: '3' }))
    await Promise.all(parts.map((about) => tell({ status: 'delivered', about })))
    expect(await shown(message)).toMatchObject({ status: 'delivered' })
  }
})

test('of a text in several parts, the part that did not arrive counts', async () => {
  message = await say(api.url, conversation, 'three parts')
  const states = [['delivered'], ['undelivered', '30005'], ['delivered']] as const
  for (const [part, [status, errorCode]] of states.entries())
    await tell({
      status,
      ...(errorCode && { errorCode }),
      about: { conversation, message, part: String(part), parts: '3' },
    })
  expect(await shown(message)).toMatchObject({ status: 'undelivered', reason: 'twilio_30005' })
})

test.each(['queued', 'accepted', 'scheduled', 'sending', 'something_new'])('%s says nothing new', async (status) => {
  message = await say(api.url, conversation, status)
  const before = await ledgerLength()
  expect((await tell({ status })).status).toBe(204)
  expect(await ledgerLength()).toBe(before)
})

test('what is about nothing we know is taken all the same', async () => {
  for (const about of [
    {},
    { conversation, message: 'x' },
    { conversation: 'x', message },
    { conversation: 'c0_AAAAAAAAAAAAAAAAAAAAAA', message },
    { conversation: 'c999_AAAAAAAAAAAAAAAAAAAAAA', message },
  ])
    expect((await tell({ status: 'sent', about })).status).toBe(204)
  expect(await api.redis.exists(`{${api.prefix}:0}:ledger:c0_AAAAAAAAAAAAAAAAAAAAAA`)).toBe(0)
})

test('a failure opts nobody out for a message that is not there: one to come, one that was never written', async () => {
  message = await say(api.url, conversation, 'refused')
  const ms = Number(message.split('-')[0])
  const optedOut = () => api.conversations.optOuts.count()
  const length = await ledgerLength()
  for (const made of [`${ms + 86_400_000}-0`, '9999999999999999-0', `${ms}-999`, '1-1', String(ms)]) {
    const about = { conversation, message: made }
    expect((await tell({ status: 'undelivered', errorCode: '21610', about })).status).toBe(204)
  }
  expect(await optedOut()).toBe(0)
  expect(await ledgerLength()).toBe(length)
  await tell({ status: 'undelivered', errorCode: '21610' })
  expect(await optedOut()).toBe(1)
})

test('a wrong signature is refused, also over another query', async () => {
  expectProblem(await tell({ status: 'sent' }, { signature: undefined }), 403, 'bad_signature')
  expectProblem(await tell({ status: 'sent' }, { token: 'another token' }), 403, 'bad_signature')
  const elsewhere = 'https://chat.example.com/in/webhooks/twilio/status'
  expectProblem(await tell({ status: 'sent' }, { url: elsewhere }), 403, 'bad_signature')
})
