import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { anonymous, asToken, call, expectProblem, newConversation, say } from './calls.ts'
import { type StartedApi, serviceSid, startApi, writeRoutes } from './started-api.ts'
import { inbound, messages, postForm } from './twilio-requests.ts'

const PERSON = '+14155550123'
const OURS = '+15005550006'

let api: StartedApi
let started: StartedApi[]
beforeEach(async () => {
  started = []
  api = await start()
})
afterEach(async () => {
  for (const one of started) await one.stop()
})

async function start(options: Parameters<typeof startApi>[0] = {}): Promise<StartedApi> {
  const one = await startApi(options)
  started.push(one)
  return one
}

const link = (id: string, body: unknown, from = api) => call(from.url, `/v1/conversations/${id}/link`, { body })

const view = async (id: string) =>
  z.looseObject({ pending: z.number() }).parse((await call(api.url, `/v1/conversations/${id}`)).body)

async function text(body: string, fields: Record<string, string> = {}, at = api) {
  const form = inbound({ From: PERSON, To: OURS, Body: body, ...fields })
  expect((await postForm(at.url, messages, form)).status).toBe(204)
}

const texts = async (id: string) =>
  (await api.conversations.messages(id, '0', 100)).items.map((item) => [item.channel, item.text])

test('a web conversation goes on by SMS, and says so', async () => {
  const { id } = await newConversation(api.url, { public_key: 'pk_test' })
  expect(await view(id)).toMatchObject({ links: [], reply_channel: 'web' })
  const answer = await link(id, { sms: '+1 415 555 0123' })
  expect(answer.status).toBe(200)
  expect(answer.body).toMatchObject({
    conversation_id: id,
    channel: 'web',
    links: [{ channel: 'sms', participant: PERSON, sender: OURS }],
    reply_channel: 'web',
  })
  await say(api.url, id, 'on the web')
  await text('by phone')
  expect(await view(id)).toMatchObject({ reply_channel: 'sms' })
  await say(api.url, id, 'on the web again')
  expect(await view(id)).toMatchObject({ reply_channel: 'web' })
  expect(await texts(id)).toEqual([
    ['web', 'on the web'],
    ['sms', 'by phone'],
    ['web', 'on the web again'],
  ])
  const found = await call(api.url, `/v1/conversations?participant=${encodeURIComponent(PERSON)}`)
  expect(found.body).toMatchObject({ items: [{ conversation_id: id }] })
})

test('a conversation can be linked again, and when it is closed', async () => {
  const { id } = await newConversation(api.url)
  await api.redis.hset(`{${api.prefix}:0}:conversation:${id}`, 'closed', '1')
  for (let i = 0; i < 3; i++) expect((await link(id, { sms: PERSON })).status).toBe(200)
  expect(await view(id)).toMatchObject({ status: 'closed', links: [{ participant: PERSON }] })
  await text('hello')
  expect(await view(id)).toMatchObject({ status: 'open' })
})

test('WhatsApp, and a Messaging Service of ours', async () => {
  const { id } = await newConversation(api.url)
  await link(id, { whatsapp: PERSON })
  await link(id, { sms: PERSON, from: serviceSid })
  await text('from WhatsApp', { From: `whatsapp:${PERSON}`, To: `whatsapp:${OURS}` })
  expect(await view(id)).toMatchObject({ reply_channel: 'whatsapp' })
  await text('through the service', { To: '+15005550010', MessagingServiceSid: serviceSid })
  expect(await view(id)).toMatchObject({
    reply_channel: 'sms',
    links: expect.arrayContaining([
      { channel: 'whatsapp', participant: `whatsapp:${PERSON}`, sender: `whatsapp:${OURS}` },
      { channel: 'sms', participant: PERSON, messaging_service_sid: serviceSid },
    ]),
  })
  // To the number with a route of its own they have not been linked.
  await text('to another number')
  expect(await texts(id)).toEqual([
    ['whatsapp', 'from WhatsApp'],
    ['sms', 'through the service'],
  ])
})

test('the number that has a route of its own is found, whatever service Twilio says it belongs to', async () => {
  const { id } = await newConversation(api.url)
  await link(id, { sms: PERSON })
  await text('without')
  await text('with', { MessagingServiceSid: serviceSid })
  expect((await texts(id)).map(([, body]) => body)).toEqual(['without', 'with'])
})

test('a number that had a conversation leaves it, in every api at once', async () => {
  const other = await start({ prefix: api.prefix })
  for (const at of [api, other]) await text('before', {}, at)
  const before = await api.conversations.holderOf({ channel: 'sms', to: PERSON, from: OURS })
  const { id } = await newConversation(api.url)
  await link(id, { sms: PERSON })
  await expect
    .poll(async () => {
      await text('after', {}, other)
      return (await texts(id)).length
    })
    .toBeGreaterThan(0)
  expect(await view(before?.id ?? '')).toMatchObject({ moved_to: id })
})

describe('what cannot be linked', () => {
  test('by anybody but a server', async () => {
    const { id, token } = await newConversation(api.url)
    const path = `/v1/conversations/${id}/link`
    for (const headers of [anonymous, asToken(token)])
      expectProblem(await call(api.url, path, { body: { sms: PERSON }, headers }), 401, 'unauthorized')
  })

  test('what is not there', async () => {
    expectProblem(await link(`c0_${'x'.repeat(22)}`, { sms: PERSON }), 404, 'not_found')
  })

  test.each([{}, { sms: PERSON, whatsapp: PERSON }, { sms: 5 }, { sms: PERSON, to: '' }])('%j', async (body) => {
    const { id } = await newConversation(api.url)
    expectProblem(await link(id, body), 400, 'invalid_request')
  })

  test.each(['12345', '+1415555', 'nobody'])('the number %s', async (sms) => {
    const { id } = await newConversation(api.url)
    expect(expectProblem(await link(id, { sms }), 422, 'unreachable').detail).toContain('sms: expected')
  })

  test.each(['+15005550007', '+15005550006 ', 'whatsapp:+15005550006', 'nobody'])(
    'with the sender %j',
    async (from) => {
      const { id } = await newConversation(api.url)
      expectProblem(await link(id, { sms: PERSON, from }), 422, 'unknown_sender')
    },
  )

  test('someone who asked for no more messages', async () => {
    const { id } = await newConversation(api.url)
    await api.conversations.optOuts.add({ sender: OURS, participant: PERSON }, 'person')
    expectProblem(await link(id, { sms: PERSON }), 409, 'opted_out')
    expect((await link(id, { whatsapp: PERSON })).status).toBe(200)
  })

  test('more than five addresses', async () => {
    const { id } = await newConversation(api.url)
    for (let i = 0; i < 5; i++) expect((await link(id, { sms: `+1415555010${i}` })).status).toBe(200)
    expectProblem(await link(id, { sms: '+14155550105' }), 409, 'too_many_links')
  })

  test('where there is no SMS, or no sender for it', async () => {
    const env = { TWILIO_ACCOUNT_SID: '', TWILIO_AUTH_TOKEN: '', TWILIO_AUTH_TOKEN_NEXT: '', PUBLIC_URL: '' }
    const without = await start({ env })
    const { id } = await newConversation(without.url)
    expectProblem(await link(id, { sms: PERSON }, without), 404, 'not_set_up')
    const noSender = await start({ env: { CHATLANE_CONFIG: writeRoutes('sms: []') } })
    const other = await newConversation(noSender.url)
    expectProblem(await link(other.id, { sms: PERSON }, noSender), 422, 'unknown_sender')
  })
})
