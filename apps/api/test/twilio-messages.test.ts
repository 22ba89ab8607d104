import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call, expectProblem } from './calls.ts'
import { accountSid, authTokenNext, publicUrl, type StartedApi, serviceSid, startApi } from './started-api.ts'
import { inbound, messages, newSid, postForm, sign } from './twilio-requests.ts'

let api: StartedApi
beforeAll(async () => {
  api = await startApi({ mostWaiting: 5 })
})
afterAll(() => api.stop())

const post = (fields: Record<string, string>, signing = {}) => postForm(api.url, messages, fields, signing)

/** What is known of the conversation with someone. */
async function conversationOf(participant: string) {
  const { conversations } = await api.conversations.list({ participant, limit: 10 })
  const [conversation] = conversations
  if (!conversation || conversations.length > 1) throw new Error(`expected one conversation with ${participant}`)
  return { conversation, texts: (await api.conversations.messages(conversation.id, '0', 100)).items.map((i) => i.text) }
}

test('a message begins a conversation with the route’s agent; the next one goes into it', async () => {
  const from = '+15005551001'
  for (const body of ['first', 'second']) {
    const answer = await post(inbound({ From: from, Body: body }))
    // anything in the body would be texted to the person
    expect(answer).toMatchObject({ status: 204, body: undefined })
  }
  const { conversation, texts } = await conversationOf(from)
  expect(conversation).toMatchObject({
    channel: 'sms',
    participant: from,
    sender: '+15005550006',
    agentId: 'chat_agent_sms',
  })
  expect(texts).toEqual(['first', 'second'])
})

test.each([
  [' 15005551031', ' +15005550006', '+15005551031'],
  ['\u202A+15005551032\u202C', '+15005550006', '+15005551032'],
  ['WhatsApp:+15005551033', 'WHATSAPP:+15005550006', 'whatsapp:+15005551033'],
  ['My Bank', '+15005550006', 'My Bank'],
])('From %j and To %j are known in every spelling', async (From, To, participant) => {
  expect((await post(inbound({ From, To }))).status).toBe(204)
  expect((await post(inbound({ From: participant, To: To.trim().toLowerCase() }))).status).toBe(204)
  const { conversation, texts } = await conversationOf(participant)
  expect(conversation.participant).toBe(participant)
  expect(texts).toHaveLength(2)
})

test('a repeat adds nothing, whatever it says', async () => {
  const from = '+15005551002'
  const fields = inbound({ From: from, Body: 'once' })
  const answers = await Promise.all([post(fields), post(fields), post({ ...fields, Body: 'changed' }), post(fields)])
  expect(answers.map(({ status }) => status)).toEqual([204, 204, 204, 204])
  const { texts } = await conversationOf(from)
  expect(texts).toHaveLength(1)
})

test.each([
  ['whatsapp:+15005551003', 'whatsapp:+15005550006', 'whatsapp', 'chat_agent_whatsapp'],
  ['+15005551003', '+15005550009', 'sms', 'chat_agent_service'],
  ['rcs:+15005551003', 'rcs:brand_agent', 'rcs', 'chat_agent_service'],
])('from %s to %s is %s', async (from, to, channel, agentId) => {
  const service = agentId === 'chat_agent_service' ? { MessagingServiceSid: serviceSid } : {}
  expect((await post(inbound({ From: from, To: to, ...service }))).status).toBe(204)
  const { conversation } = await conversationOf(from)
  expect(conversation).toMatchObject({ channel, agentId, sender: to })
})

test.each([
  ['1', '⟦The person sent 1 attachment that cannot be shown here.⟧'],
  ['2', '⟦The person sent 2 attachments that cannot be shown here.⟧'],
])('%s media without a text become a text', async (count, text) => {
  const from = `+1500555200${count}`
  expect((await post(inbound({ From: from, Body: '', NumMedia: count }))).status).toBe(204)
  expect((await conversationOf(from)).texts).toEqual([text])
})

test('a message with nothing to read leaves a trace', async () => {
  const fields = inbound({ From: '+15005552003', Body: '  ' })
  expect((await post(fields)).status).toBe(204)
  expect((await conversationOf('+15005552003')).texts).toEqual(['⟦The person sent an empty message.⟧'])
  expect(api.log.find((line) => line.message_sid === fields.MessageSid)).toMatchObject({ outcome: 'accepted' })
})

describe('a message from one of our own senders is shown and not answered', () => {
  const shownOf = async (participant: string) => {
    const { conversations } = await api.conversations.list({ participant, limit: 1 })
    const { items } = await api.conversations.messages(conversations[0]?.id ?? '', '0', 10)
    return items.map(({ status, reason }) => [status, reason])
  }

  test('one of the routes file', async () => {
    const fields = inbound({ From: '+15005550006', To: '+15005550020', MessagingServiceSid: serviceSid })
    expect((await post(fields)).status).toBe(204)
    expect(await shownOf('+15005550006')).toEqual([['dropped', 'own_address']])
    expect(api.log.find((line) => line.message_sid === fields.MessageSid)).toMatchObject({ reason: 'own_address' })
  })

  test('one of a Messaging Service, since a message came to it', async () => {
    const pooled = '+15005550021'
    await post(inbound({ From: '+15005552031', To: pooled, MessagingServiceSid: serviceSid }))
    for (let i = 0; i < 2; i++) await post(inbound({ From: pooled, Body: 'Hello' }))
    expect(await shownOf(pooled)).toEqual(Array.from({ length: 2 }, () => ['dropped', 'own_address']))
    expect(await shownOf('+15005552031')).toEqual([['queued', undefined]])
  })

  test('a number that was ours long ago is a person’s', async () => {
    const former = '+15005550022'
    await api.redis.hset(`${api.prefix}:services`, former, `${serviceSid}  ${Date.now() - 31 * 86_400_000}`)
    await post(inbound({ From: former, Body: 'Hello' }))
    expect(await shownOf(former)).toEqual([['queued', undefined]])
  })
})

test('too many unanswered messages: it is for Twilio to come again', async () => {
  const from = '+15005552004'
  for (let i = 0; i < 5; i++) expect((await post(inbound({ From: from }))).status).toBe(204)
  const answer = await post(inbound({ From: from }))
  expectProblem(answer, 503, 'unavailable')
  expect(answer.headers.get('retry-after')).toMatch(/^[1-5]$/)
  expect((await conversationOf(from)).texts).toHaveLength(5)
})

describe('the signature', () => {
  test('is that of Twilio’s recipe', () => {
    const fields = {
      MessageSid: 'SM11111111111111111111111111111111',
      AccountSid: 'AC22222222222222222222222222222222',
      From: '+15005550001',
      To: '+15005550006',
      Body: 'Hi, é & 100%?',
      NumMedia: '0',
    }
    const url = 'https://router.example.com/hooks/sms?tenant=acme'
    expect(sign('0123456789abcdef0123456789abcdef', url, fields)).toBe('UOol1gcQCjaa4AxrvL/jdHb8oiU=')
  })

  test('may be made with the next token, and with the port in the URL', async () => {
    expect((await post(inbound(), { token: authTokenNext })).status).toBe(204)
    const withPort = publicUrl.replace('.com', '.com:443') + messages
    expect((await post(inbound(), { url: withPort })).status).toBe(204)
  })

  test('covers the query', async () => {
    const path = `${messages}?tenant=a%27b&x=%3F`
    expect((await postForm(api.url, path, inbound())).status).toBe(204)
    expectProblem(await postForm(api.url, path, inbound(), { url: publicUrl + messages }), 403, 'bad_signature')
  })

  test('is refused when it is missing, odd or of something else', async () => {
    const fields = inbound()
    const { Body: _, ...without } = fields
    for (const signing of [
      { signature: undefined },
      { signature: '' },
      { signature: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' },
      { signature: 'x'.repeat(5_000) },
      { token: 'another token' },
      { url: `http://127.0.0.1${messages}` },
      { url: `${publicUrl}/webhooks/twilio/status` },
      { fields: without },
      { fields: { ...fields, Body: `${fields.Body} ` } },
      { fields: { ...fields, More: '' } },
    ])
      expectProblem(await post(fields, signing), 403, 'bad_signature')
    // nothing of it was taken
    expect((await post(fields)).status).toBe(204)
    expect(api.log.findLast((line) => line.message_sid === fields.MessageSid)).toMatchObject({ outcome: 'accepted' })
  })

  test('of a body that is no form is refused', async () => {
    const headers = { 'content-type': 'application/json', 'x-twilio-signature': 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }
    expectProblem(await call(api.url, messages, { body: '{"Body":', headers }), 415, 'unsupported_type')
    expectProblem(await call(api.url, messages, { method: 'POST' }), 403, 'bad_signature')
  })
})

test('another account is refused', async () => {
  const fields = inbound({ AccountSid: accountSid.replace('AC0', 'AC1') })
  expectProblem(await post(fields), 403, 'forbidden')
})

test('an unknown sender is not found', async () => {
  const problem = expectProblem(await post(inbound({ To: '+15005550099' })), 404, 'not_found')
  expect(problem.detail).toContain('+15005550099')
})

test.each(['MessageSid', 'From', 'To'])('without %s it is no message', async (field) => {
  const problem = expectProblem(await post(inbound({ [field]: '' })), 400, 'invalid_request')
  expect(problem.errors?.map(({ path }) => path)).toEqual([field])
})

test('a form of 600 kB is too large', async () => {
  expectProblem(await post(inbound({ Body: 'x'.repeat(600_000) })), 413, 'too_large')
})

test('a signed form with repeated fields does no harm', async () => {
  const body = new URLSearchParams(inbound())
  body.append('Body', 'another')
  const values = new Map<string, string[]>()
  for (const [name, value] of body) values.set(name, [...(values.get(name) ?? []), value])
  const signed = Object.fromEntries([...values].map(([name, all]) => [name, all.sort().join(name)]))
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'x-twilio-signature': sign('0123456789abcdef0123456789abcdef', publicUrl + messages, signed),
  }
  const problem = expectProblem(
    await call(api.url, messages, { body: body.toString(), headers }),
    400,
    'invalid_request',
  )
  expect(problem.errors?.map(({ path }) => path)).toEqual(['Body'])
})

test('without Twilio there is no SMS, and that is said', async () => {
  const bare = await startApi({
    env: { TWILIO_ACCOUNT_SID: '', TWILIO_AUTH_TOKEN: '', TWILIO_AUTH_TOKEN_NEXT: '', PUBLIC_URL: '' },
  })
  for (const path of [messages, '/webhooks/twilio/status']) {
    const problem = expectProblem(await postForm(bare.url, path, inbound()), 404, 'not_set_up')
    expect(problem.detail).toContain('TWILIO_ACCOUNT_SID')
  }
  await bare.stop()
})

test('the log names neither numbers nor texts', async () => {
  const fields = inbound({ From: '+15005553456', Body: 'a private text', MessageSid: newSid() })
  await post(fields)
  expect(api.log.find((line) => line.message_sid === fields.MessageSid)).toMatchObject({
    path: messages,
    status: 204,
    outcome: 'accepted',
    from: '+1•••••3456',
    channel: 'sms',
    conversation: expect.stringMatching(/^c0_/),
    message: expect.any(String),
  })
  expect(JSON.stringify(api.log)).not.toMatch(/5553456|private text/)
})
