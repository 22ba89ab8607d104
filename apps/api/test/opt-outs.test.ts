import { type BackfillCounts, backfill, type ReceivedSms, watchRoutes } from '@chatlane/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from './calls.ts'
import { accountSid, type StartedApi, serviceSid, startApi, writeRoutes } from './started-api.ts'
import { inbound, messages, newSid, postForm } from './twilio-requests.ts'

let api: StartedApi
beforeAll(async () => {
  api = await startApi({ mostWaiting: 20 })
})
afterAll(() => api.stop())

const OURS = '+15005550006'

let people = 0
const newPerson = () => `+1500557${String(++people).padStart(4, '0')}`

/** Brings a message as Twilio does. */
async function say(from: string, body: string, fields: Record<string, string> = {}): Promise<void> {
  const answer = await postForm(api.url, messages, inbound({ From: from, Body: body, ...fields }))
  // Anything in the body would be texted to the person, who has heard from Twilio.
  expect(answer).toMatchObject({ status: 204, body: undefined })
}

async function conversationOf(participant: string) {
  const { conversations } = await api.conversations.list({ participant, limit: 2 })
  const [conversation] = conversations
  if (!conversation || conversations.length > 1) throw new Error(`expected one conversation with ${participant}`)
  return conversation
}

/** Text, status and reason of each message. */
async function shown(participant: string) {
  const { items } = await api.conversations.messages((await conversationOf(participant)).id, '0', 100)
  return items.map(({ text, status, reason }) => (reason === undefined ? [text, status] : [text, status, reason]))
}

/** What is queued for the person where Twilio does not tell them. */
const CONFIRMED = ['You will get no more messages from us. Reply START if you want them again.', 'queued']

const isOptedOut = (participant: string, sender = OURS) => api.conversations.optOuts.has({ sender, participant })

describe('a person', () => {
  test('who says STOP is opted out, which is shown, and START lifts', async () => {
    const from = newPerson()
    await say(from, 'Hello')
    await say(from, 'Stop.')
    expect(await isOptedOut(from)).toBe(true)
    await say(from, 'Are you there?')
    await say(from, 'HELP')
    await say(from, 'START')
    expect(await isOptedOut(from)).toBe(false)
    await say(from, 'Hello again')
    expect(await shown(from)).toEqual([
      ['Hello', 'queued'],
      ['Stop.', 'dropped', 'stop'],
      CONFIRMED,
      ['Are you there?', 'dropped', 'opted_out'],
      ['HELP', 'dropped', 'help'],
      ['START', 'dropped', 'start'],
      ['Hello again', 'queued'],
    ])
  })

  test('who says STOP first has a conversation in which that is shown', async () => {
    const from = newPerson()
    await say(from, 'STOP')
    expect(await shown(from)).toEqual([['STOP', 'dropped', 'stop']])
    const { id } = await conversationOf(from)
    const view = await call(api.url, `/v1/conversations/${id}`)
    expect(view.body).toMatchObject({ opted_out: true, participant: from })
    await say(from, 'yes')
    const after = await call(api.url, `/v1/conversations/${id}`)
    expect(after.body).not.toHaveProperty('opted_out')
  })

  test.each(['START', 'YES', 'Yes!', 'unstop'])(
    'who says %s and is not opted out says it to the agent',
    async (text) => {
      const from = newPerson()
      await say(from, text)
      await say(from, text, { OptOutType: 'START' })
      expect(await shown(from)).toEqual([
        [text, 'queued'],
        [text, 'queued'],
      ])
    },
  )

  test('who says more than the word says it to the agent', async () => {
    const from = newPerson()
    for (const text of ['STOP the music', 'The end', 'help me']) await say(from, text)
    expect((await shown(from)).map(([, status]) => status)).toEqual(['queued', 'queued', 'queued'])
    expect(await isOptedOut(from)).toBe(false)
  })

  test.each(['baja', 'ARRÊT', 'abmelden', 'sair', 'afmelden', 'стоп'])(
    'is understood in other languages: %s',
    async (text) => {
      const from = newPerson()
      await say(from, text)
      expect(await shown(from)).toEqual([[text, 'dropped', 'stop'], CONFIRMED])
      expect(await isOptedOut(from)).toBe(true)
    },
  )

  test('is understood in whatever words Twilio was told of', async () => {
    const from = newPerson()
    await say(from, 'Genug jetzt', { OptOutType: 'STOP' })
    await say(from, 'Hilf mir', { OptOutType: 'HELP' })
    expect(await isOptedOut(from)).toBe(true)
    await say(from, 'Wieder gut', { OptOutType: 'START' })
    expect(await isOptedOut(from)).toBe(false)
    await say(from, 'Hilf mir', { OptOutType: 'HELP' })
    await say(from, 'nonsense', { OptOutType: 'WHATEVER' })
    expect((await shown(from)).map(([, ...state]) => state)).toEqual([
      ['dropped', 'stop'],
      ['dropped', 'help'],
      ['dropped', 'start'],
      ['dropped', 'help'],
      ['queued'],
    ])
  })

  test('is opted out of a whole Messaging Service', async () => {
    const from = newPerson()
    await say(from, 'STOP', { To: '+15005550009', MessagingServiceSid: serviceSid })
    expect(await isOptedOut(from, serviceSid)).toBe(true)
    await say(from, 'Hello', { To: '+15005550010', MessagingServiceSid: serviceSid })
    expect(await shown(from)).toEqual([
      ['STOP', 'dropped', 'stop'],
      ['Hello', 'dropped', 'opted_out'],
    ])
    // Of another sender they are not.
    expect(await isOptedOut(from)).toBe(false)
  })

  test('on WhatsApp is heard as well; there nobody but the agent answers HELP', async () => {
    const from = `whatsapp:${newPerson()}`
    const to = { To: 'whatsapp:+15005550006' }
    await say(from, 'help', to)
    await say(from, 'STOP', to)
    await say(from, 'help', to)
    expect(await shown(from)).toEqual([
      ['help', 'queued'],
      ['STOP', 'dropped', 'stop'],
      CONFIRMED,
      ['help', 'dropped', 'opted_out'],
    ])
  })

  test('who says START where Twilio does not answer HELP is not kept from the agent by it', async () => {
    const other = await startApi({
      env: { CHATLANE_CONFIG: writeRoutes('sms:\n  - sender: "12345"\n    inbound_agents: [{ agent_id: a }]\n') },
    })
    const from = newPerson()
    await postForm(other.url, messages, inbound({ From: from, To: '12345', Body: 'HELP' }))
    const { conversations } = await other.conversations.list({ participant: from, limit: 1 })
    const { items } = await other.conversations.messages(conversations[0]?.id ?? '', '0', 10)
    expect(items).toMatchObject([{ text: 'HELP', status: 'queued' }])
    await other.stop()
  })
})

describe('a webhook that comes again', () => {
  test('changes nothing, and is shown once', async () => {
    const from = newPerson()
    const stop = inbound({ From: from, Body: 'STOP' })
    const start = inbound({ From: from, Body: 'START' })
    await Promise.all([1, 2, 3].map(() => postForm(api.url, messages, stop)))
    expect(await isOptedOut(from)).toBe(true)
    await Promise.all([1, 2, 3].map(() => postForm(api.url, messages, start)))
    expect(await isOptedOut(from)).toBe(false)
    await postForm(api.url, messages, stop)
    expect(await isOptedOut(from)).toBe(false)
    const again = inbound({ From: from, Body: 'STOP' })
    await postForm(api.url, messages, again)
    await postForm(api.url, messages, start)
    expect(await isOptedOut(from)).toBe(true)
    expect(await shown(from)).toEqual([
      ['STOP', 'dropped', 'stop'],
      ['START', 'dropped', 'start'],
      ['STOP', 'dropped', 'stop'],
    ])
  })

  test('of a YES that was an answer lifts no opt-out that came after it', async () => {
    const from = newPerson()
    const yes = inbound({ From: from, Body: 'YES' })
    await postForm(api.url, messages, yes)
    await say(from, 'STOP')
    expect((await postForm(api.url, messages, yes)).status).toBe(204)
    expect(await isOptedOut(from)).toBe(true)
  })
})

test('STOP is heard when too many messages wait to be taken in', async () => {
  const from = newPerson()
  for (let i = 0; i < 20; i++) await say(from, `message ${i}`)
  await say(from, 'STOP')
  expect(await isOptedOut(from)).toBe(true)
  expect((await shown(from)).at(-1)).toEqual(['STOP', 'dropped', 'stop'])
  // A bound there is: what nobody answers is kept up to twice as many.
  for (let i = 0; i < 19; i++) await say(from, 'STOP')
  expect((await postForm(api.url, messages, inbound({ From: from, Body: 'STOP' }))).status).toBe(503)
  expect(await isOptedOut(from)).toBe(true)
})

test('a STOP whose webhook was missed is heard when the list is read, once', async () => {
  const from = newPerson()
  const said = (body: string): ReceivedSms => ({
    at: Date.now(),
    sms: {
      messageSid: newSid(),
      accountSid,
      channel: 'sms',
      from,
      to: OURS,
      text: body,
      attachments: 0,
      media: [],
    },
  })
  const listed = [said('Hello'), said('STOP'), said('Are you there?')]
  const dropped: string[] = []
  const look = () =>
    backfill({
      conversations: api.conversations,
      routes: watchRoutes(api.config.routesFile),
      inbox: { received: async () => ({ messages: listed, looked: listed.length }) },
      since: Date.now() - 1_000,
      most: 100,
      onDropped: (_, reason) => dropped.push(reason),
    })
  const counts = (total: BackfillCounts) => [total.accepted, total.seen]
  expect(counts((await look()).total)).toEqual([3, 0])
  expect(counts((await look()).total)).toEqual([0, 3])
  expect(dropped).toEqual(['stop', 'opted_out'])
  expect(await shown(from)).toEqual([
    ['Hello', 'queued'],
    ['STOP', 'dropped', 'stop'],
    ['Are you there?', 'dropped', 'opted_out'],
  ])
})

test('it is counted, and told as it happens', async () => {
  const from = newPerson()
  await say(from, 'Hello')
  const { id } = await conversationOf(from)
  const heard: unknown[] = []
  const end = new AbortController()
  const hear = (entries: readonly unknown[]) => void heard.push(...entries)
  await api.live.follow(id, '0', { past: async (entries) => hear(entries), entries: hear, typing() {} }, end.signal)
  await say(from, 'STOP')
  await expect
    .poll(() => heard)
    .toMatchObject([{ entry: { text: 'Hello' } }, { entry: { text: 'STOP', status: 'dropped' } }])
  end.abort()
  expect(api.log.findLast(({ path }) => path === messages)).toMatchObject({ outcome: 'dropped', reason: 'stop' })
  expect(JSON.stringify(api.log)).not.toContain(from)
})
