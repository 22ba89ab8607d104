import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { parseUponAIEvent } from '../src/uponai/webhook-event.ts'
import { verifyUponAISignature } from '../src/uponai/webhook-signature.ts'

const key = 'key_demo_0123456789abcdef'
const now = 1_760_000_000_000
const vectors = [
  {
    body: '{"event":"chat_ended","chat":{"chat_id":"chat_demo_1","chat_status":"ended"}}',
    digest: '74b58a23eaf1a56120dba8a5b0da80ec0d482732a5c022c6bd64c11eb0ebe35b',
  },
  {
    body: '{"event":"chat_ended","chat":{"chat_id":"chat_demo_1","transcript":"User: ¿hola? 👋"}}',
    digest: '177ba45d1e6535713a3f54a3e76b76d05abb361001a007b45e3a94d7aea66059',
  },
]

describe.each(vectors)('signature of $body', ({ body, digest }) => {
  const rawBody = Buffer.from(body)
  const header = `v=${now},d=${digest}`
  const good = { rawBody, header, key, now }

  test('holds', () => expect(verifyUponAISignature(good)).toBe(true))
  test('holds in upper case', () => {
    expect(verifyUponAISignature({ ...good, header: `v=${now},d=${digest.toUpperCase()}` })).toBe(true)
  })
  test.each([-300_000, 300_000])('holds %i ms away', (away) => {
    expect(verifyUponAISignature({ ...good, now: now + away })).toBe(true)
  })
  test.each([-300_001, 300_001])('does not hold %i ms away', (away) => {
    expect(verifyUponAISignature({ ...good, now: now + away })).toBe(false)
  })
  test('the tolerance can be changed', () => {
    expect(verifyUponAISignature({ ...good, now: now + 11, toleranceMs: 10 })).toBe(false)
    expect(verifyUponAISignature({ ...good, now: now + 300_001, toleranceMs: 400_000 })).toBe(true)
  })
  test.each([
    ['another key', { key: 'key_other' }],
    ['a changed body', { rawBody: Buffer.from(`${body} `) }],
    ['another time', { header: `v=${now + 1},d=${digest}` }],
    ['a changed digest', { header: `v=${now},d=${digest.replace(/^./, 'e')}` }],
    ['a digest too short', { header: header.slice(0, -1) }],
    ['a digest too long', { header: `${header}0` }],
    ['something before', { header: ` ${header}` }],
    ['something after', { header: `${header}\n` }],
    ['a second pair', { header: `${header},v=1` }],
    ['another order', { header: `d=${digest},v=${now}` }],
    ['no time', { header: `v=,d=${digest}` }],
    ['a negative time', { header: `v=-${now},d=${digest}` }],
    ['no header', { header: undefined }],
    ['two headers', { header: [header, header] }],
    ['an empty header', { header: '' }],
  ])('does not hold with %s', (_case, change) => {
    expect(verifyUponAISignature({ ...good, ...change })).toBe(false)
  })
})

test('an empty key verifies nothing, not even what was signed with it', () => {
  const digest = createHmac('sha256', '').update(`{}${now}`).digest('hex')
  const input = { rawBody: Buffer.from('{}'), header: `v=${now},d=${digest}`, key: '', now }
  expect(verifyUponAISignature(input)).toBe(false)
})

const snake = { chat_id: 'chat_1', chat_status: 'ended', metadata: { a: 1 } }
const camel = { chatId: 'chat_1', status: 'ended', metadata: { a: 1 } }
test.each([
  ['chat', { chat: snake }],
  ['data', { data: snake }],
  ['flat', snake],
  ['chat, camel case', { chat: camel }],
  ['data and chat', { data: { chat: camel } }],
  ['flat, camel case', camel],
  ['flat id beside the chat', { chat_id: 'chat_1', chat: snake }],
])('event with its chat: %s', (_case, rest) => {
  const event = parseUponAIEvent(Buffer.from(JSON.stringify({ event: 'chat_ended', ...rest })))
  expect(event).toMatchObject({
    event: 'chat_ended',
    chatId: 'chat_1',
    chat: { chatId: 'chat_1', status: 'ended', over: true },
    metadata: { a: 1 },
  })
})

test('events that are not about a chat are kept without one', () => {
  expect(parseUponAIEvent('{"event":"call_ended","call":{"call_id":"x"}}')).toEqual({ event: 'call_ended' })
})

test.each(['', 'secret words', '[]', 'null', '{}', '{"event":""}', '{"event":5}'])('no event: %j', (body) => {
  const refusal = { code: 'UPONAI_INVALID_EVENT', message: expect.not.stringContaining('secret') }
  expect(() => parseUponAIEvent(body)).toThrow(expect.objectContaining(refusal))
})
