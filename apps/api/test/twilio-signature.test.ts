import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { verifyTwilioSignature } from '@chatlane/core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { twilioLibrary as twilio } from '../../../packages/core/test/twilio-library.ts'
import { accountSid, authToken, authTokenNext, type StartedApi, serviceSid, startApi } from './started-api.ts'
import { inbound, messages } from './twilio-requests.ts'

const { getExpectedTwilioSignature, validateRequest } = twilio

const OTHER_TOKEN = '00000000000000000000000000000000'

/** Deployments, by what they are told. */
const DEPLOYMENTS = {
  /** While tokens are being changed, behind a proxy that adds a path. */
  rotating: { PUBLIC_URL: 'https://chat.example.com/in', tokens: [authToken, authTokenNext] },
  /** Afterwards, on a port of its own. */
  rotated: { PUBLIC_URL: 'https://chat.example.com:8443', tokens: [authTokenNext] },
  /** Without TLS, as on a machine of one's own. */
  plain: { PUBLIC_URL: 'http://localhost:3000', tokens: [authToken] },
}
type Name = keyof typeof DEPLOYMENTS

const apis = new Map<Name, StartedApi>()
beforeAll(async () => {
  for (const name of ['rotating', 'rotated', 'plain'] as const) {
    const { PUBLIC_URL, tokens } = DEPLOYMENTS[name]
    const [TWILIO_AUTH_TOKEN = '', TWILIO_AUTH_TOKEN_NEXT = ''] = tokens
    apis.set(name, await startApi({ env: { PUBLIC_URL, TWILIO_AUTH_TOKEN, TWILIO_AUTH_TOKEN_NEXT } }))
  }
})
afterAll(async () => {
  for (const api of apis.values()) await api.stop()
})

type Fields = Record<string, string | string[]>

interface Sent {
  deployment?: Name
  path?: string
  fields: Fields
  headers?: Record<string, string>
  signature: string | undefined
}

const problem = z.object({ type: z.string() })

/** Posts a form to an api; whether it finds the signature right, whatever else it says. */
async function apiAccepts({ deployment = 'rotating', path = messages, fields, headers, signature }: Sent) {
  const { port } = new URL(apis.get(deployment)?.url ?? '')
  const sent = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) for (const one of [value].flat()) sent.append(name, one)
  const body = sent.toString()
  const outgoing = request({
    host: '127.0.0.1',
    port,
    path,
    method: 'POST',
    // A kept connection may be closed by the api just as it is used again.
    agent: false,
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'content-length': Buffer.byteLength(body),
      ...(signature !== undefined && { 'x-twilio-signature': signature }),
      ...headers,
    },
  })
  outgoing.end(body)
  const [answer] = await once(outgoing, 'response')
  const said = await text(answer)
  const status: unknown = answer.statusCode
  expect(said === '' ? 204 : problem.parse(JSON.parse(said)).type).not.toBe('urn:chatlane:problem:internal')
  return !(status === 403 && said.includes('urn:chatlane:problem:bad_signature'))
}

/** What Twilio's library says of the same request, told the same address and tokens. */
function libraryAccepts({ deployment = 'rotating', path = messages, fields, signature }: Sent): boolean {
  const { PUBLIC_URL, tokens } = DEPLOYMENTS[deployment]
  return tokens.some((token) => validateRequest(token, signature ?? '', PUBLIC_URL + path, fields))
}

const form: Fields = inbound()
const { Body: _, ...withoutBody } = form
const publicUrl = DEPLOYMENTS.rotating.PUBLIC_URL

interface Case extends Partial<Omit<Sent, 'signature'>> {
  what: string
  /** What is signed instead of what is sent. */
  signs?: { token?: string; url?: string; fields?: Fields }
  valid: boolean
}

const cases: Case[] = [
  { what: 'a request as Twilio makes it', valid: true },
  { what: 'the next token, while both hold', signs: { token: authTokenNext }, valid: true },
  { what: 'a token of nobody’s', signs: { token: OTHER_TOKEN }, valid: false },
  { what: 'the new token, after the change', deployment: 'rotated', signs: { token: authTokenNext }, valid: true },
  { what: 'the old token, after the change', deployment: 'rotated', signs: { token: authToken }, valid: false },
  { what: 'no TLS', deployment: 'plain', valid: true },
  {
    what: 'another account, which is refused for that',
    fields: { ...form, AccountSid: accountSid.replace('AC0', 'AC1') },
    valid: true,
  },

  { what: 'a number of a pool', fields: { ...form, To: '+15005550009', MessagingServiceSid: serviceSid }, valid: true },
  { what: 'a number that is not ours', fields: { ...form, To: '+15005550099' }, valid: true },
  {
    what: 'a WhatsApp sender',
    fields: { ...form, From: 'whatsapp:+15005550001', To: 'whatsapp:+15005550006' },
    valid: true,
  },

  { what: 'a field with blanks around it', fields: { ...form, Body: '  a  ' }, valid: true },
  {
    what: 'a field that lost its blanks',
    fields: { ...form, Body: 'a' },
    signs: { fields: { ...form, Body: ' a ' } },
    valid: false,
  },
  { what: 'a field that was changed', signs: { fields: { ...form, Body: 'Bye' } }, valid: false },
  { what: 'a field more than was signed', fields: { ...form, More: 'x' }, signs: { fields: form }, valid: false },
  { what: 'an empty field more than was signed', fields: { ...form, More: '' }, signs: { fields: form }, valid: false },
  { what: 'a field less than was signed', fields: withoutBody, signs: { fields: form }, valid: false },
  { what: 'a field that is new to everybody', fields: { ...form, BrandNew: 'x' }, valid: true },
  { what: 'fields that are named alike but for their case', fields: { ...form, body: 'a', BODY: 'b' }, valid: true },
  {
    what: 'brackets, plus signs, percent signs and line ends',
    fields: { ...form, 'a[b][]': '+ %2B &=\r\n' },
    valid: true,
  },
  { what: 'other scripts and emoji', fields: { ...form, Body: 'é 漢字 👩‍👩‍👧‍👦' }, valid: true },
  { what: 'a field that comes twice', fields: { ...form, Extra: ['b', 'a'] }, valid: true },
  { what: 'a field that comes twice alike', fields: { ...form, Extra: ['a', 'a'] }, valid: true },
  {
    what: 'a field that came twice and lost one',
    fields: { ...form, Extra: 'a' },
    signs: { fields: { ...form, Extra: ['a', 'b'] } },
    valid: false,
  },

  { what: 'another host', signs: { url: `https://other.example.com/in${messages}` }, valid: false },
  { what: 'the host in capitals', signs: { url: `https://CHAT.example.com/in${messages}` }, valid: false },
  { what: 'http for https', signs: { url: `http://chat.example.com/in${messages}` }, valid: false },
  { what: 'the usual port, named', signs: { url: `https://chat.example.com:443/in${messages}` }, valid: true },
  { what: 'another port', signs: { url: `https://chat.example.com:8443/in${messages}` }, valid: false },
  {
    what: 'our own port',
    deployment: 'rotated',
    signs: { token: authTokenNext, url: `https://chat.example.com:8443${messages}` },
    valid: true,
  },
  {
    what: 'our own port, left out',
    deployment: 'rotated',
    signs: { token: authTokenNext, url: `https://chat.example.com${messages}` },
    valid: true,
  },
  {
    what: 'without the path that the proxy takes away',
    signs: { url: `https://chat.example.com${messages}` },
    valid: false,
  },
  { what: 'a slash at the end', signs: { url: `${publicUrl}${messages}/` }, valid: false },
  {
    what: 'credentials in the address',
    signs: { url: `https://user:secret@chat.example.com/in${messages}` },
    valid: false,
  },
  { what: 'another of our addresses', signs: { url: `${publicUrl}/webhooks/twilio/status` }, valid: false },

  { what: 'a query', path: `${messages}?tenant=acme&x=1`, valid: true },
  { what: 'a query with escapes', path: `${messages}?tenant=a%27b&x=%3F%20+`, valid: true },
  {
    what: 'a query in another order',
    path: `${messages}?a=1&b=2`,
    signs: { url: `${publicUrl}${messages}?b=2&a=1` },
    valid: false,
  },
  {
    what: 'a query that was not signed',
    path: `${messages}?tenant=acme`,
    signs: { url: publicUrl + messages },
    valid: false,
  },
  { what: 'a query that was lost', signs: { url: `${publicUrl}${messages}?tenant=acme` }, valid: false },

  {
    what: 'a proxy that passes other names on',
    headers: { host: 'api.internal:3000', 'x-forwarded-host': 'evil.example.com', 'x-forwarded-proto': 'http' },
    valid: true,
  },
  {
    what: 'a signature over what the proxy says',
    headers: { host: 'evil.example.com', 'x-forwarded-host': 'evil.example.com', 'x-forwarded-proto': 'https' },
    signs: { url: `https://evil.example.com/in${messages}` },
    valid: false,
  },
]

test.each(cases)('api and library agree on $what: $valid', async ({ signs = {}, valid, ...sent }) => {
  const { deployment = 'rotating', path = messages, fields = form } = sent
  const { PUBLIC_URL } = DEPLOYMENTS[deployment]
  const signature = getExpectedTwilioSignature(
    signs.token ?? authToken,
    signs.url ?? PUBLIC_URL + path,
    signs.fields ?? fields,
  )
  const request = { ...sent, fields, signature }
  expect([libraryAccepts(request), await apiAccepts(request)]).toEqual([valid, valid])
})

test.each([
  ['none', undefined],
  ['an empty one', ''],
  ['one of zeros', 'AAAAAAAAAAAAAAAAAAAAAAAAAAA='],
  ['a long one', 'x'.repeat(4_000)],
  ['one that is no Base64', '%%%'],
])('api and library agree that %s is no signature', async (_, signature) => {
  const request = { fields: form, signature }
  expect([libraryAccepts(request), await apiAccepts(request)]).toEqual([false, false])
})

test('api and library agree on whatever fields, as they are and changed', async () => {
  const name = fc.string({ minLength: 1, maxLength: 8, unit: 'binary' })
  // What no UTF-8 form can carry is not signed by anybody.
  const word = fc.string({ maxLength: 12, unit: 'binary' }).map((value) => value.toWellFormed())
  const extra = fc.dictionary(
    name.map((value) => `x${value.toWellFormed()}`),
    word,
    { maxKeys: 5 },
  )
  await fc.assert(
    fc.asyncProperty(extra, word, fc.boolean(), async (more, body, change) => {
      const signed: Fields = { ...inbound(), ...more, Body: body }
      const fields = change ? { ...signed, Body: `${body}.` } : signed
      const signature = getExpectedTwilioSignature(authToken, publicUrl + messages, signed)
      const request = { fields, signature }
      expect([libraryAccepts(request), await apiAccepts(request)]).toEqual([!change, !change])
    }),
    { numRuns: 60 },
  )
})

describe('worked examples', () => {
  const token = '0123456789abcdef0123456789abcdef'
  const url = 'https://router.example.com/hooks/sms?tenant=acme'
  const fields = {
    MessageSid: 'SM11111111111111111111111111111111',
    AccountSid: 'AC22222222222222222222222222222222',
    From: '+15005550001',
    To: '+15005550006',
    Body: 'Hi, é & 100%?',
    NumMedia: '0',
  }
  const sha256 = '7a78a94ebf51a396fedeb48ded5d6313923347856e6140e44502840cd214e716'

  test.each([
    ['a form', url, fields, 'UOol1gcQCjaa4AxrvL/jdHb8oiU='],
    ['a form, signed with the port', url, fields, 'hTWuB91WyAlaTFGgBcWYwo5tdew='],
    [
      'a query alone',
      'https://router.example.com/hooks/status?MessageSid=SM1&MessageStatus=sent',
      {},
      'kswWZKXxgKtq2sXmXSFlI9w8KTk=',
    ],
    [
      'JSON, by its hash',
      `https://router.example.com/hooks/json?bodySHA256=${sha256}`,
      {},
      'ThgatFqaxHyurc4hVlbsbyeCtDw=',
    ],
  ])('%s', (_, address, form, signature) => {
    expect(validateRequest(token, signature, address, form)).toBe(true)
    const ours = (header: string) => verifyTwilioSignature({ authTokens: [token], header, url: address, form })
    expect(ours(signature)).toBe(true)
    expect(ours(signature.replace(/.=$/, 'A='))).toBe(false)
  })

  test('what stands behind # in the console is not signed', () => {
    const header = 'UOol1gcQCjaa4AxrvL/jdHb8oiU='
    expect(verifyTwilioSignature({ authTokens: [token], header, url: `${url}#rc=2&rp=all`, form: fields })).toBe(true)
  })
})
