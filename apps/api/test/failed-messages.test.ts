import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { anonymous, call, expectProblem, newConversation } from './calls.ts'
import { accountSid, type StartedApi, startApi, writeRoutes } from './started-api.ts'
import { newSid, postForm } from './twilio-requests.ts'

const SMS = '+15005550006'
const WHATSAPP = 'whatsapp:+15005550006'
const PLAIN_WHATSAPP = 'whatsapp:+15005550007'
const TOLL_FREE = '+18005550006'
const WITH_FILES = '+15005550008'

const routes = `
sms:
  - sender: "${SMS}"
    inbound_agents: [{ agent_id: chat_agent_sms }]
  - sender: "${WITH_FILES}"
    inbound_agents: [{ agent_id: chat_agent_sms }]
    media: { policy: ignore, send_links: true }
  - sender: "${TOLL_FREE}"
    inbound_agents: [{ agent_id: chat_agent_sms }]
  - sender: "${WHATSAPP}"
    inbound_agents: [{ agent_id: chat_agent_sms }]
    template: { content_sid: HX0123456789abcdef0123456789abcdef, variables: { "1": "{{text}}" } }
  - sender: "${PLAIN_WHATSAPP}"
    inbound_agents: [{ agent_id: chat_agent_sms }]
`

let api: StartedApi
beforeAll(async () => {
  api = await startApi({ env: { CHATLANE_CONFIG: writeRoutes(routes) } })
})
afterAll(() => api.stop())

let person: string
let people = 0
beforeEach(() => {
  people++
  person = `+1415555${String(people).padStart(4, '0')}`
})

interface Sent {
  conversation: string
  message: string
  to: string
  from: string
}

/** A message in a conversation with one of our senders. What is said of it is told as of one of ours. */
async function sent(from = SMS): Promise<Sent> {
  const channel = from.startsWith('whatsapp:') ? 'whatsapp' : 'sms'
  const to = channel === 'whatsapp' ? `whatsapp:${person}` : person
  const origin = { channel, participant: to, sender: from, agentId: 'chat_agent_sms' } as const
  const accepted = await api.conversations.acceptFrom(origin, { text: 'See you at nine', key: newSid() })
  if (accepted.status !== 'accepted') throw new Error(accepted.status)
  return { conversation: accepted.conversationId, message: accepted.messageId, to, from }
}

interface Told {
  status?: string
  code?: number
  sid?: string
  part?: number
  parts?: number
}

async function tell({ conversation, message, to, from }: Sent, told: Told): Promise<void> {
  const { status = 'undelivered', code, sid = newSid(), part = 0, parts = 1 } = told
  const query = new URLSearchParams({ conversation, message, part: String(part), parts: String(parts) })
  const error = code === undefined ? {} : { ErrorCode: String(code) }
  const fields = { AccountSid: accountSid, MessageSid: sid, MessageStatus: status, To: to, From: from, ...error }
  expect((await postForm(api.url, `/webhooks/twilio/status?${query}`, fields)).status).toBe(204)
}

async function shown({ conversation, message }: Sent) {
  const { items } = await api.conversations.messages(conversation, '0', 100)
  return items.find(({ id }) => id === message)
}

/** What lies in the delivery lane. */
async function waiting({ conversation }: Sent) {
  const items = await api.redis.lrange(`{${api.prefix}:0}:deliveries:mail:${conversation}`, 0, -1)
  return items.map((item) => {
    const [id = '', data = ''] = item.split('\n')
    return { id, item: z.looseObject({ due: z.number().optional() }).parse(JSON.parse(data)) }
  })
}

const isOptedOut = async ({ conversation }: Sent) => {
  const found = await api.conversations.find(conversation)
  return found !== undefined && api.conversations.isOptedOut(found)
}

const isFlagged = async ({ to }: Sent) => (await api.conversations.flaggedNumbers.isFlagged(to)) !== undefined

test('a failure is shown with its reason in a word and in a sentence, in the list and live', async () => {
  const one = await sent()
  await tell(one, { code: 30007 })
  const expected = { status: 'undelivered', reason: 'twilio_30007', reason_text: expect.stringContaining('filtered') }
  expect(await shown(one)).toMatchObject(expected)
  const { body } = await call(api.url, `/v1/conversations/${one.conversation}/messages`)
  expect(body).toMatchObject({ items: [expected] })
  const live = await fetch(`${api.url}/v1/conversations/${one.conversation}/events?after=${one.message}`, {
    headers: { authorization: 'Bearer key-of-the-tests' },
  })
  const reader = live.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!text.includes('reason_text')) text += (await reader?.read())?.value ?? ''
  await reader?.cancel()
  expect(text).toContain('"reason":"twilio_30007"')
})

test('what was certainly not delivered is queued again, once for its id, and not more often than its code says', async () => {
  const one = await sent()
  const before = Date.now()
  const first = newSid()
  await tell(one, { status: 'sent', sid: first })
  await tell(one, { code: 30008, sid: first })
  await tell(one, { code: 30008, sid: first })
  expect(await shown(one)).toMatchObject({ status: 'queued', reason: 'twilio_30008' })
  const [again, ...more] = await waiting(one)
  expect(more).toEqual([])
  expect(again?.item).toMatchObject({ to: one.to, from: SMS, text: 'See you at nine', part: 0, again: 1 })
  expect(again?.item.due).toBeGreaterThanOrEqual(before + 60_000)
  // Late news of the first one.
  await tell(one, { status: 'sending', sid: first })
  await tell(one, { status: 'failed', code: 30008, sid: first })
  expect(await shown(one)).toMatchObject({ status: 'queued' })
  const second = newSid()
  await tell(one, { status: 'sent', sid: second })
  expect(await shown(one)).toMatchObject({ status: 'sent' })
  await tell(one, { code: 30008, sid: second })
  expect(await shown(one)).toMatchObject({ status: 'undelivered', reason: 'twilio_30008' })
  expect(await waiting(one)).toHaveLength(1)
})

test.each([30410, 30005, 30007, 30036, 39999])('%i is not sent again', async (code) => {
  const one = await sent()
  await tell(one, { code })
  expect(await waiting(one)).toEqual([])
  expect(await shown(one)).toMatchObject({ status: 'undelivered', reason: `twilio_${code}` })
})

test('what may have arrived with another id is not sent again', async () => {
  const one = await sent()
  await tell(one, { status: 'sent' })
  await tell(one, { code: 30008 })
  expect(await waiting(one)).toEqual([])
})

test('of a text in several parts the one that failed goes again, and the message is where it was', async () => {
  const one = await sent()
  const parts = 2
  const sids = [newSid(), newSid(), newSid()]
  const about = (i: number, part: number) => ({ sid: sids[i] ?? '', part, parts })
  await tell(one, { status: 'delivered', ...about(0, 0) })
  await tell(one, { status: 'sent', ...about(1, 1) })
  expect(await shown(one)).toMatchObject({ status: 'sent' })
  await tell(one, { code: 30017, ...about(1, 1) })
  expect(await shown(one)).toMatchObject({ status: 'sent' })
  expect(await waiting(one)).toMatchObject([{ item: { part: 1, again: 1 } }])
  await tell(one, { status: 'delivered', ...about(2, 1) })
  expect(await shown(one)).toMatchObject({ status: 'delivered' })
})

test.each([30023, 30027])('the day’s messages to T-Mobile come back on the next day: %i', async (code) => {
  const one = await sent()
  await tell(one, { code })
  const [again] = await waiting(one)
  const due = new Date(again?.item.due ?? 0)
  expect(due.getTime()).toBeGreaterThan(Date.now())
  expect(due.getTime()).toBeLessThan(Date.now() + 32 * 3_600_000)
  // That it was sent once is known for longer than until then, or it would be sent again day after day.
  const known = await api.redis.pttl(`{${api.prefix}:0}:told:${one.conversation}:${one.message}`)
  expect(known).toBeGreaterThan(32 * 3_600_000)
})

test('a free text that WhatsApp did not take goes as the template, once', async () => {
  const one = await sent(WHATSAPP)
  await tell(one, { code: 63016 })
  expect(await waiting(one)).toMatchObject([{ item: { template: true, again: 1, to: one.to, from: WHATSAPP } }])
  await tell(one, { code: 63016 })
  expect(await waiting(one)).toHaveLength(1)
  expect(await shown(one)).toMatchObject({ status: 'undelivered', reason: 'outside_window' })
})

test('without a template it failed', async () => {
  const one = await sent(PLAIN_WHATSAPP)
  await tell(one, { code: 63016 })
  expect(await waiting(one)).toEqual([])
  const words = { reason: 'outside_window', reason_text: expect.stringContaining('24 hours') }
  expect(await shown(one)).toMatchObject({ status: 'undelivered', ...words })
})

test.each([
  [63014, WHATSAPP, true],
  [21610, SMS, true],
  [30640, SMS, true],
  [30004, TOLL_FREE, true],
  [30004, SMS, false],
  [30005, SMS, false],
])('%i from %s opts the person out: %s', async (code, from, expected) => {
  const one = await sent(from)
  await tell(one, { code })
  expect(await isOptedOut(one)).toBe(expected)
})

test('a number that is none is flagged, which is shown until a message arrives', async () => {
  const one = await sent()
  const flag = async () => (await call(api.url, `/v1/conversations/${one.conversation}`)).body
  expect(await flag()).not.toHaveProperty('flagged')
  await tell(one, { code: 30006 })
  expect(await flag()).toMatchObject({ flagged: { reason: 'twilio_30006', reason_text: expect.any(String) } })
  await tell(one, { status: 'delivered' })
  expect(await flag()).not.toHaveProperty('flagged')
})

test('an operator’s reply goes out once more with the same text and files', async () => {
  const one = await sent(WITH_FILES)
  const about = `/v1/conversations/${one.conversation}`
  expect((await call(api.url, `${about}/handoff`, { method: 'POST' })).status).toBe(200)
  const text = 'See **this**: https://files.example.com/front.jpg'
  expect((await call(api.url, `${about}/replies`, { body: { text } })).status).toBe(202)
  const [first] = await waiting(one)
  expect(first?.item).toMatchObject({ text: 'See **this**:', media: ['https://files.example.com/front.jpg'] })
  // It was sent.
  await api.redis.del(`{${api.prefix}:0}:deliveries:mail:${one.conversation}`)
  await tell({ ...one, message: first?.id ?? '' }, { code: 30008 })
  const [again] = await waiting(one)
  expect(again?.item).toMatchObject({ ...first?.item, part: 0, again: 1 })
})

test('what can happen to anyone flags a number only when it goes on', async () => {
  const blocked = await sent()
  const sid = newSid()
  // Brought twice, it is one failure.
  await tell(blocked, { code: 30004, sid })
  await tell(blocked, { code: 30004, sid, status: 'failed' })
  expect(await isFlagged(blocked)).toBe(false)
  await tell(blocked, { code: 30004 })
  expect(await isFlagged(blocked)).toBe(true)
})

test('a sender that may not send pauses once a second person’s message fails, is shown, and the log says why', async () => {
  const paused = async () => z.object({ items: z.array(z.unknown()) }).parse((await call(api.url, '/v1/pauses')).body)
  const one = await sent()
  await tell(one, { code: 30032 })
  expect(await paused()).toEqual({ items: [] })
  expect(api.log).toContainEqual(expect.objectContaining({ event: 'sender_refused', reason: 'twilio_30032' }))
  person = '+14155559999'
  const other = await sent()
  await tell(other, { code: 30032 })
  const at = expect.stringMatching(/^20.*Z$/)
  expect(await paused()).toEqual({
    items: [
      {
        scope: 'sender',
        provider: 'twilio',
        sender: SMS,
        country: null,
        reason: 'twilio_30032',
        reason_text: 'The toll-free number has not been verified.',
        more: { title: 'Toll-Free Number Has Not Been Verified', url: 'https://www.twilio.com/docs/api/errors/30032' },
        since: at,
        until: at,
        waiting: 0,
      },
    ],
  })
  expect(api.log).toContainEqual(expect.objectContaining({ event: 'sender_paused', reason: 'twilio_30032' }))
  expect(await shown(other)).toMatchObject({ status: 'undelivered', reason: 'twilio_30032' })
  await tell(one, { status: 'delivered' })
  expect(await paused()).toEqual({ items: [] })
  expectProblem(await call(api.url, '/v1/pauses', { headers: anonymous }), 401, 'unauthorized')
})

test('a code without a rule is a warning with its link, and counted under its own label', async () => {
  for (const code of [39990, 39991]) await tell(await sent(), { code })
  for (const code of [39990, 39991]) {
    const more = `https://www.twilio.com/docs/api/errors/${code}`
    const warned = { event: 'twilio_code_unknown', level: 'warn', reason: `twilio_${code}`, more }
    expect(api.log).toContainEqual(expect.objectContaining(warned))
    expect(await api.metrics()).toContain(`chatlane_twilio_errors_total{code="${code}",known="false"} 1`)
  }
})

test('what is said of a message on the web, or of none, has no consequences', async () => {
  const { id } = await newConversation(api.url)
  await tell({ conversation: id, message: 'x', to: person, from: SMS }, { code: 30006 })
  expect(await api.conversations.flaggedNumbers.isFlagged(person)).toBeUndefined()
})
