import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { anonymous, call, expectProblem } from './calls.ts'
import { type StartedApi, serviceSid, startApi, writeRoutes } from './started-api.ts'
import { inbound, messages, postForm } from './twilio-requests.ts'

const routes = `
sms:
  - sender: "+15005550006"
    inbound_agents: [{ agent_id: chat_agent_in }]
    outbound_agents: [{ agent_id: chat_agent_out }]
  - messaging_service_sid: ${serviceSid}
    inbound_agents: [{ agent_id: chat_agent_service }]
  - sender: "whatsapp:+15005550006"
    inbound_agents: [{ agent_id: chat_agent_whatsapp }]
`

let api: StartedApi
beforeAll(async () => {
  api = await startApi({ env: { CHATLANE_CONFIG: writeRoutes(routes) }, mostWaiting: 3 })
})
afterAll(() => api.stop())

let people = 0
const newPerson = () => `+1415555${String(++people).padStart(4, '0')}`

const send = (body: Record<string, unknown>, headers?: Record<string, string>) =>
  call(api.url, '/v1/sms', { body, ...(headers && { headers }) })

const taken = z.strictObject({ conversation_id: z.string(), message_id: z.string() })

async function sent(body: Record<string, unknown>, headers?: Record<string, string>) {
  const answer = await send(body, headers)
  expect(answer.status).toBe(202)
  return taken.parse(answer.body)
}

/** What waits in a lane of the conversation. */
async function waiting(lanes: 'turns' | 'deliveries', conversation: string): Promise<unknown[]> {
  const items = await api.redis.lrange(`{${api.prefix}:0}:${lanes}:mail:${conversation}`, 0, -1)
  return items.map((item) => JSON.parse(item.slice(item.indexOf('\n') + 1)))
}

const view = async (id: string) => (await call(api.url, `/v1/conversations/${id}`)).body
const listed = async (id: string) => (await api.conversations.messages(id, '0', 100)).items

describe('a text', () => {
  test('begins a conversation with the route’s outbound agent, and is on its way as it is', async () => {
    const to = newPerson()
    const text = 'Your table is free now.\n– The Blue Door'
    const { conversation_id: id, message_id: message } = await sent({
      to,
      text,
      metadata: { table: 7 },
      dynamic_variables: { name: 'Ana' },
    })
    expect(await view(id)).toMatchObject({
      status: 'open',
      chat_id: null,
      channel: 'sms',
      participant: to,
      sender: '+15005550006',
      agent_id: 'chat_agent_out',
      metadata: { table: 7 },
      dynamic_variables: { name: 'Ana' },
      pending: 0,
    })
    expect(await listed(id)).toMatchObject([{ id: message, role: 'system', by: 'business', text, status: 'queued' }])
    expect(await waiting('deliveries', id)).toEqual([{ channel: 'sms', to, from: '+15005550006', text }])
  })

  test('is answered by the person in the same conversation', async () => {
    const to = newPerson()
    const { conversation_id: id } = await sent({ to, text: 'Hello?' })
    expect((await postForm(api.url, messages, inbound({ From: to, Body: 'Yes?' }))).status).toBe(204)
    expect((await listed(id)).map(({ text }) => text)).toEqual(['Hello?', 'Yes?'])
    expect(await view(id)).toMatchObject({ agent_id: 'chat_agent_out' })
  })

  test.each([
    ['whatsapp:+1 415 555 2671', {}, 'whatsapp', 'whatsapp:+14155552671', 'whatsapp:+15005550006'],
    ['whatsapp:+14155552672', { from: '+15005550006' }, 'whatsapp', 'whatsapp:+14155552672', 'whatsapp:+15005550006'],
    ['+1 (415) 555-2673', {}, 'sms', '+14155552673', '+15005550006'],
    ['+14155552674', { from: serviceSid }, 'sms', '+14155552674', undefined],
  ])('to %s %j is %s to %s', async (to, more, channel, participant, sender) => {
    const { conversation_id: id } = await sent({ to, text: 'Hi', ...more })
    const conversation = await api.conversations.find(id)
    expect(conversation).toMatchObject({ channel, participant })
    expect(conversation?.sender).toBe(sender)
  })

  test('through a Messaging Service is answered in the same conversation, from whatever number of it', async () => {
    const to = newPerson()
    const { conversation_id: id } = await sent({ to, from: serviceSid, text: 'Hi' })
    expect(await waiting('deliveries', id)).toEqual([{ channel: 'sms', to, service: serviceSid, text: 'Hi' }])
    await postForm(
      api.url,
      messages,
      inbound({ From: to, To: '+15005550031', MessagingServiceSid: serviceSid, Body: 'Ho' }),
    )
    expect((await listed(id)).map(({ text }) => text)).toEqual(['Hi', 'Ho'])
    // And goes on with the number that the person knows.
    await sent({ to, text: 'Hi again' })
    expect((await waiting('deliveries', id))[1]).toMatchObject({ from: '+15005550031', service: serviceSid })
  })

  test('goes on in the conversation that the person is in, the latest of them', async () => {
    const to = newPerson()
    await postForm(api.url, messages, inbound({ From: to, Body: 'first' }))
    await postForm(
      api.url,
      messages,
      inbound({ From: to, To: '+15005550031', MessagingServiceSid: serviceSid, Body: 'second' }),
    )
    const { conversation_id: id } = await sent({ to, text: 'third' })
    expect((await listed(id)).map(({ text }) => text)).toEqual(['second', 'third'])
    expect(await view(id)).toMatchObject({ agent_id: 'chat_agent_service' })
    const other = await sent({ to, text: 'fourth', from: '+15005550006' })
    expect((await listed(other.conversation_id)).map(({ text }) => text)).toEqual(['first', 'fourth'])
  })

  test('names the agent of the next chat', async () => {
    const to = newPerson()
    const { conversation_id: id } = await sent({ to, text: 'Hi', agent_id: 'chat_agent_x' })
    expect(await view(id)).toMatchObject({ agent_id: 'chat_agent_x' })
    await sent({ to, text: 'Hi again', agent_id: 'chat_agent_y', metadata: { n: 2 } })
    expect(await view(id)).toMatchObject({ agent_id: 'chat_agent_y', metadata: { n: 2 } })
  })
})

describe('without a text', () => {
  test('the agent is to open', async () => {
    const { conversation_id: id, message_id: message } = await sent({ to: newPerson() })
    expect(message).toMatch(/^\d+-\d+$/)
    expect(await waiting('turns', id)).toEqual([{ kind: 'open', mustGreet: true }])
    expect(await waiting('deliveries', id)).toEqual([])
    expect(await listed(id)).toEqual([])
  })
})

describe('a repeat', () => {
  test.each([
    ['client_message_id', (key: string) => [{ client_message_id: key }, {}] as const],
    ['Idempotency-Key', (key: string) => [{}, { 'idempotency-key': key }] as const],
  ])('with the same %s answers the same and sends nothing', async (_name, keyed) => {
    const to = newPerson()
    const [body, headers] = keyed('k1')
    const answers = await Promise.all([1, 2, 3].map(() => sent({ to, text: 'once', ...body }, headers)))
    answers.push(await sent({ to, text: 'once', ...body }, headers))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    const id = answers[0]?.conversation_id ?? ''
    expect(await listed(id)).toHaveLength(1)
    expect(await waiting('deliveries', id)).toHaveLength(1)
  })

  test('without a text, too', async () => {
    const to = newPerson()
    const first = await sent({ to, client_message_id: 'k' })
    expect(await sent({ to, client_message_id: 'k' })).toEqual(first)
    expect(await waiting('turns', first.conversation_id)).toHaveLength(1)
  })

  test('with another text is a conflict', async () => {
    const to = newPerson()
    await sent({ to, text: 'one', client_message_id: 'k' })
    expectProblem(await send({ to, text: 'two', client_message_id: 'k' }), 409, 'conflict')
    expectProblem(await send({ to, client_message_id: 'k' }), 409, 'conflict')
    // The key of one person is nothing to another.
    await sent({ to: newPerson(), text: 'two', client_message_id: 'k' })
  })

  test('is one after the person opted out, and after they came to another conversation', async () => {
    const to = newPerson()
    const first = await sent({ to, text: 'once', client_message_id: 'k' })
    await postForm(
      api.url,
      messages,
      inbound({ From: to, To: '+15005550031', MessagingServiceSid: serviceSid, Body: 'hello' }),
    )
    expect(await sent({ to, text: 'once', client_message_id: 'k' })).toEqual(first)
    await postForm(api.url, messages, inbound({ From: to, Body: 'STOP' }))
    expect(await sent({ to, text: 'once', client_message_id: 'k' })).toEqual(first)
  })

  test('with two keys is not understood', async () => {
    const answer = await send({ to: newPerson(), text: 'x', client_message_id: 'a' }, { 'idempotency-key': 'b' })
    expectProblem(answer, 400, 'invalid_request')
  })
})

describe('it is refused', () => {
  test('to who has opted out, until START', async () => {
    const to = newPerson()
    await postForm(api.url, messages, inbound({ From: to, Body: 'STOP' }))
    expectProblem(await send({ to, text: 'Hi' }), 409, 'opted_out')
    expectProblem(await send({ to }), 409, 'opted_out')
    // Of another sender they are not.
    await sent({ to, text: 'Hi', from: serviceSid })
    await postForm(api.url, messages, inbound({ From: to, Body: 'START' }))
    await sent({ to, text: 'Hi', from: '+15005550006' })
  })

  test.each([
    ['hello', /country code/],
    ['4155550123', /country code/],
    ['+1', /exists/],
    ['+999123456789', /exists/],
    ['+15551234567', /exists/],
    ['rcs:+14155550123', /country code/],
    ['whatsapp:12', /country code/],
    ['+493012345678', /mobile/],
    ['+19005551234', /mobile/],
  ])('to %s, which cannot be reached', async (to, detail) => {
    const problem = expectProblem(await send({ to, text: 'Hi' }), 422, 'unreachable')
    expect(problem.errors).toMatchObject([{ path: 'to', message: expect.stringMatching(detail) }])
  })

  test('to a number to which messages fail', async () => {
    const to = newPerson()
    await api.conversations.flaggedNumbers.flag(to, 'twilio_30006', 'SM1')
    const problem = expectProblem(await send({ to, text: 'Hi' }), 422, 'unreachable')
    expect(problem.detail).toMatch(/landline/i)
  })

  test.each(['+15005550099', 'MG00000000000000000000000000000000', 'whatsapp:+15005550006'])(
    'from %s, which is none of the routes’ for an SMS',
    async (from) => {
      const problem = expectProblem(await send({ to: newPerson(), text: 'Hi', from }), 422, 'unknown_sender')
      expect(problem.errors?.map(({ path }) => path)).toEqual(['from'])
    },
  )

  test.each([
    [{}, ['to']],
    [{ to: 7, text: '' }, ['to', 'text']],
    [{ to: '+14155550123', text: '  ' }, ['text']],
    [{ to: '+14155550123', text: 'x', dynamic_variables: { n: 1 } }, ['dynamic_variables.n']],
    [{ to: '+14155550123', texst: 'x' }, ['texst']],
    [{ to: '+14155550123', metadata: { x: 'y'.repeat(50_000) } }, ['metadata']],
  ])('when it is not as it should be (%#)', async (body, paths) => {
    const problem = expectProblem(await send(body), 400, 'invalid_request')
    expect(problem.errors?.map(({ path }) => path).toSorted()).toEqual(paths.toSorted())
  })

  test('without a key, with a wrong one, and when it is too long', async () => {
    const body = { to: newPerson(), text: 'Hi' }
    expectProblem(await send(body, anonymous), 401, 'unauthorized')
    expectProblem(await send(body, { authorization: 'Bearer wrong' }), 401, 'unauthorized')
    expectProblem(await send({ ...body, text: 'x'.repeat(8_001) }), 413, 'too_large')
  })

  test('when too many messages to the person wait', async () => {
    const to = newPerson()
    for (let i = 0; i < 3; i++) await sent({ to, text: `message ${i}` })
    const answer = await send({ to, text: 'one more' })
    expectProblem(answer, 429, 'too_many_waiting')
    expect(answer.headers.get('retry-after')).toBe('5')
  })

  test('where there is no Twilio', async () => {
    const none = { TWILIO_ACCOUNT_SID: '', TWILIO_AUTH_TOKEN: '', TWILIO_AUTH_TOKEN_NEXT: '', PUBLIC_URL: '' }
    const bare = await startApi({ env: none })
    const answer = await call(bare.url, '/v1/sms', { body: { to: '+14155550123', text: 'Hi' } })
    expect(expectProblem(answer, 404, 'not_set_up').detail).toContain('TWILIO_ACCOUNT_SID')
    await bare.stop()
  })
})

test('the log names neither numbers nor texts', async () => {
  const { conversation_id: id, message_id: message } = await sent({ to: '+14155559876', text: 'a private text' })
  expect(api.log.findLast(({ path }) => path === '/v1/sms')).toMatchObject({
    status: 202,
    outcome: 'accepted',
    conversation: id,
    message,
  })
  expect(JSON.stringify(api.log)).not.toMatch(/5559876|private text/)
})
