import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { setTimeout as passed } from 'node:timers/promises'
import { createSmsSender, type LedgerItem } from '@chatlane/core'
import { sandboxCredentials } from '@chatlane/sandbox'
import { afterEach, describe, expect, it } from 'vitest'
import { apiBeside } from './api-beside.ts'
import { createsOf } from './creates.ts'
import { NUMBER, type Stage, stage } from './stage.ts'

const PERSON = '+14155550123'
const SERVICE = `MG${'0a'.repeat(16)}`

let s: Stage
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  await s.stop()
})

const creates = () => createsOf(s)

/** Texts that Twilio took, in order. */
const delivered = async () => (await creates()).filter(({ effect }) => effect).map(({ body }) => body)

const lists = async () =>
  (await s.sandbox.history({ kind: 'twilio' })).filter((e) => e.kind === 'twilio' && e.operation === 'message-list')

const ours = (items: LedgerItem[]) => items.filter(({ role }) => role === 'agent')
const statuses = (items: LedgerItem[]) => ours(items).map(({ status }) => status)

const create = { target: 'twilio', operation: 'message-create', times: 1 } as const
const noList = {
  target: 'twilio',
  operation: 'message-list',
  fault: { kind: 'status', status: 503 },
} as const

/** The message that is being sent, once its call was made. */
async function firstCall(): Promise<{ message: string; sid: string | null }> {
  await expect.poll(creates).toHaveLength(1)
  const [call] = await creates()
  const callback = new URL(call?.status_callback ?? '')
  return { message: callback.searchParams.get('message') ?? '', sid: call?.sid ?? null }
}

describe('by the status callback, without the list', () => {
  it('knows what came while the call still hung', async () => {
    s = await stage({})
    ends.push((await apiBeside(s)).kill)
    const hang = { kind: 'hang', when: 'after', ms: 3_000 } as const
    await s.sandbox.setFaults({ rules: [{ ...create, fault: hang }, noList] })
    const conversation = await s.text(PERSON, 'hi')
    const items = await s.settled(conversation, (all) => statuses(all).includes('delivered'))
    expect(await delivered()).toEqual(['echo: hi'])
    expect(statuses(items)).toEqual(['delivered'])
    expect(await lists()).toEqual([])
  })

  it('knows what came after the connection was lost, with the list away', async () => {
    s = await stage({})
    ends.push((await apiBeside(s)).kill)
    await s.sandbox.settings({ status_delay_ms: 1_500 })
    await s.sandbox.setFaults({ rules: [{ ...create, fault: { kind: 'drop', when: 'after' } }, noList] })
    const conversation = await s.text(PERSON, 'hi')
    await s.text(PERSON, 'next')
    await s.settled(conversation, (all) => statuses(all).filter((status) => status === 'delivered').length === 2)
    expect(await delivered()).toEqual(['echo: hi', 'echo: next'])
  })

  it('knows which of several parts it is about', async () => {
    s = await stage({})
    ends.push((await apiBeside(s)).kill)
    const part = Array(320).fill('word').join(' ')
    await s.sandbox.setScript({ rules: [{ text: 'tell', answer: [`${part} ${part} ${part}`] }] })
    const lost = { kind: 'drop', when: 'after' } as const
    await s.sandbox.setFaults({ rules: [{ ...create, times: 3, fault: lost }, noList] })
    const conversation = await s.text(PERSON, 'tell')
    await s.settled(conversation, (all) => statuses(all).includes('delivered'))
    expect(await delivered()).toEqual([part, part, part])
  })

  it('counts what a former attempt at the same part did', async () => {
    s = await stage({})
    await s.sandbox.setFaults({ rules: [{ ...create, fault: { kind: 'drop', when: 'before' } }] })
    const conversation = await s.text(PERSON, 'hi')
    const { message } = await firstCall()
    for (let i = 0; i < 2; i++) {
      const outcome = await s.conversations.noteDelivery(conversation.id, message, {
        once: 'SMformer:queued',
        taken: { part: 0, sid: 'SMformer' },
      })
      expect(outcome).toBe(i === 0 ? 'noted' : 'duplicate')
    }
    const items = await s.settled(conversation, (all) => statuses(all).includes('sent'))
    expect(ours(items)).toHaveLength(1)
    expect(await creates()).toHaveLength(1)
  })
})

describe('by the list', () => {
  it.each([-60_000, 60_000])('finds it with a clock that is %i ms off', async (twilio_clock_ms) => {
    s = await stage({ settings: { twilio_clock_ms } })
    const conversation = await s.text(PERSON, 'same')
    await s.settled(conversation, (all) => statuses(all).includes('sent'))
    const lost = (when: 'before' | 'after') => ({ ...create, fault: { kind: 'drop', when } }) as const
    await s.sandbox.setFaults({ rules: [lost('after'), lost('before')] })
    await s.text(PERSON, 'same')
    await s.text(PERSON, 'same')
    await s.settled(conversation, (all) => statuses(all).filter((status) => status === 'sent').length === 3)
    expect(await delivered()).toEqual(['echo: same', 'echo: same', 'echo: same'])
    expect(await creates()).toHaveLength(4)
  })

  it('finds it when the call was noted by a clock that is ahead', async () => {
    s = await stage({})
    const other = somebodyElse()
    const sid = await other.send({ to: PERSON, from: NUMBER, body: 'hi' }, () => {})
    const found = await other.find({ to: PERSON, from: NUMBER, body: 'hi', since: Date.now() + 20_000, except: [] })
    expect(found.sid).toBe(sid)
  })

  it('finds it behind many others to the same person', async () => {
    s = await stage({})
    await s.sandbox.setFaults({
      rules: [
        { ...create, fault: { kind: 'drop', when: 'after' } },
        { ...noList, times: 1 },
      ],
    })
    const conversation = await s.text(PERSON, 'hi')
    await firstCall()
    const other = somebodyElse()
    for (let i = 0; i < 70; i++) await other.send({ to: PERSON, from: NUMBER, body: `other ${i}` }, () => {})
    await s.settled(conversation, (all) => statuses(all).includes('sent'))
    expect((await delivered()).filter((body) => body === 'echo: hi')).toHaveLength(1)
  })

  it('finds it on a trial account', async () => {
    s = await stage({ settings: { texts_kept: 'trial' } })
    await s.sandbox.setFaults({ rules: [{ ...create, fault: { kind: 'drop', when: 'after' } }] })
    const conversation = await s.text(PERSON, 'hi')
    await s.settled(conversation, (all) => statuses(all).includes('sent'))
    expect(await creates()).toHaveLength(1)
  })

  it('does not send again what Twilio may have changed; the callback tells', async () => {
    s = await stage({ settings: { texts_kept: 'smart_encoded' } })
    await s.sandbox.setFaults({ rules: [{ ...create, fault: { kind: 'drop', when: 'after' } }] })
    const conversation = await s.text(PERSON, 'it’s')
    const { message, sid } = await firstCall()
    // Beyond the time after which what is not on the list is sent again.
    await expect.poll(async () => (await lists()).length).toBeGreaterThan(4)
    expect(await creates()).toHaveLength(1)
    await s.conversations.noteDelivery(conversation.id, message, {
      once: `${sid}:sent`,
      taken: { part: 0, sid: sid ?? '' },
      status: 'sent',
    })
    await s.settled(conversation, (all) => statuses(all).includes('sent'))
    expect(await creates()).toHaveLength(1)
  })

  it('does not take an equal text of another Messaging Service for ours', async () => {
    s = await stage({})
    const conversation = await s.text(PERSON, 'hi')
    await s.settled(conversation)
    await s.sandbox.setFaults({
      rules: [{ ...create, fault: { kind: 'status', status: 500, when: 'before' }, match: { text: 'from a service' } }],
    })
    const item = { to: PERSON, service: SERVICE, text: 'from a service' }
    await s.deliveries.add(conversation.id, { id: '1-1', data: JSON.stringify(item) })
    await expect.poll(creates).toHaveLength(2)
    const another = { to: PERSON, messagingServiceSid: SERVICE.replaceAll('a', 'b'), body: item.text }
    await somebodyElse().send(another, () => {})
    await s.settled(conversation)
    const made = (await creates()).filter(({ effect, body }) => effect && body === item.text)
    expect(made.map(({ messaging_service_sid }) => messaging_service_sid)).toEqual([
      another.messagingServiceSid,
      SERVICE,
    ])
  })
})

it('shows that a part is unknown, whatever became of the others, until news of that part comes', async () => {
  s = await stage({})
  const part = Array(320).fill('word').join(' ')
  await s.sandbox.setScript({ rules: [{ text: 'tell', answer: [`${part} ${part}`] }] })
  await s.sandbox.setFaults({
    rules: [
      { ...create, fault: { kind: 'drop', when: 'after' } },
      { ...noList, fault: { kind: 'status', status: 404, code: 20404 } },
      // Another try for the second part: what is known of the first is not forgotten over it.
      { ...create, fault: { kind: 'status', status: 429, retry_after_s: 1 } },
    ],
  })
  const conversation = await s.text(PERSON, 'tell')
  const items = await s.settled(conversation)
  expect(ours(items)).toMatchObject([{ status: 'unknown', reason: 'unclear' }])
  expect(await delivered()).toEqual([part, part])
  const message = ours(items)[0]?.id ?? ''
  const tell = async (part: number, status: 'sent' | 'delivered') => {
    const news = { once: `SM${part}:${status}`, taken: { part, sid: `SM${part}` }, status, parts: 2 }
    await s.conversations.noteDelivery(conversation.id, message, news)
    return statuses((await s.conversations.messages(conversation.id, '0', 100)).items)
  }
  expect(await tell(1, 'sent')).toEqual(['unknown'])
  expect(await tell(1, 'delivered')).toEqual(['unknown'])
  expect(await tell(0, 'sent')).toEqual(['sent'])
  expect(await tell(0, 'delivered')).toEqual(['delivered'])
})

describe('a call that was not made', () => {
  it('is made again after a refused connection', async () => {
    const twilioPort = await freePort()
    s = await stage({ env: { TWILIO_BASE_URL: `http://127.0.0.1:${twilioPort}/twilio`, TURN_ATTEMPTS: '100' } })
    const conversation = await s.text(PERSON, 'hi')
    await s.text(PERSON, 'next')
    await expect.poll(async () => statuses((await items(conversation.id)) ?? [])).toEqual(['queued', 'queued'])
    ends.push(await forward(twilioPort, Number(new URL(s.environment.UPONAI_BASE_URL ?? '').port)))
    await s.settled(conversation, (all) => statuses(all).filter((status) => status === 'sent').length === 2)
    expect((await creates()).map(({ body }) => body)).toEqual(['echo: hi', 'echo: next'])
  })

  it.each([
    ['a refused connection', 'http://127.0.0.1:9'],
    ['a name that nobody knows', 'http://twilio.nowhere.invalid'],
  ])('ends as a dead letter that is known not to have been sent: %s', async (_what, TWILIO_BASE_URL) => {
    s = await stage({ env: { TWILIO_BASE_URL, TURN_ATTEMPTS: '3' } })
    const conversation = await s.text(PERSON, 'hi')
    const items = await s.settled(conversation, (all) => statuses(all).includes('failed'))
    expect(ours(items)).toMatchObject([{ status: 'failed', reason: 'attempts_exhausted' }])
    const [letter] = await s.deliveries.deadLetters.list()
    expect(letter).toMatchObject({ tries: 3, reason: 'attempts_exhausted' })
    expect(letter?.detail).toContain('Twilio cannot be reached')
  })

  it('is known not to have been sent when the list says so at the last try', async () => {
    s = await stage({ env: { TURN_ATTEMPTS: '1' } })
    await s.sandbox.setFaults({ rules: [{ ...create, fault: { kind: 'status', status: 500, when: 'before' } }] })
    const conversation = await s.text(PERSON, 'hi')
    const items = await s.settled(conversation, (all) => statuses(all).includes('failed'))
    expect(ours(items)).toMatchObject([{ status: 'failed', reason: 'attempts_exhausted' }])
  })
})

it.each([
  ['429', { kind: 'status', status: 429, retry_after_s: 1 }, 3],
  ['401', { kind: 'status', status: 401, code: 20003 }, 1],
] as const)('waits after %s without spending a try', async (_name, fault, times) => {
  s = await stage({ env: { TURN_ATTEMPTS: '1', LOG_LEVEL: 'silent' } })
  await s.sandbox.setFaults({ rules: [{ ...create, times, fault }] })
  const conversation = await s.text(PERSON, 'hi')
  await s.settled(conversation, (all) => statuses(all).includes('sent'))
  expect(await creates()).toHaveLength(times + 1)
  expect(await delivered()).toEqual(['echo: hi'])
})

it('makes no call while another process was asked to wait', async () => {
  s = await stage({})
  const key = `${s.environment.REDIS_PREFIX}:pause:twilio`
  await s.redis.set(key, '1', 'PX', 6_000)
  const earliest = Date.now() + (await s.redis.pttl(key)) - 50
  // The worker looks four times a second.
  await passed(1_500)
  const conversation = await s.text(PERSON, 'hi')
  await s.settled(conversation, (all) => statuses(all).includes('sent'))
  expect((await creates())[0]?.at).toBeGreaterThanOrEqual(earliest)
})

it('says with which code Twilio refused', async () => {
  s = await stage({})
  const fault = { kind: 'status', status: 400, code: 21614 } as const
  await s.sandbox.setFaults({ rules: [{ ...create, fault }] })
  const conversation = await s.text(PERSON, 'hi')
  const items = await s.settled(conversation, (all) => statuses(all).includes('failed'))
  expect(ours(items)).toMatchObject([{ status: 'failed', reason: 'twilio_21614' }])
  expect(await creates()).toHaveLength(1)
})

const items = async (id: string) => (await s.conversations.messages(id, '0', 100)).items

/** Somebody else who sends through the same account. */
function somebodyElse() {
  const { twilioAccountSid: accountSid, twilioAuthToken: authToken } = sandboxCredentials
  return createSmsSender({ accountSid, authToken, baseUrl: s.environment.TWILIO_BASE_URL ?? '' })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  return port
}

/** Hands connections on; ends with what it returns. */
async function forward(from: number, to: number): Promise<() => void> {
  const server = createServer((one) => {
    const other = connect(to, '127.0.0.1')
    for (const socket of [one, other]) socket.on('error', () => {})
    one.pipe(other).pipe(one)
  }).listen(from, '127.0.0.1')
  await once(server, 'listening')
  return () => server.close()
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

it('takes none of many equal texts of just before for the one that was not sent', async () => {
  s = await stage({})
  // As many as one answer may have, twice.
  const same = Array.from({ length: 20 }, () => 'same')
  await s.sandbox.setScript({ rules: ['many', 'as many'].map((text) => ({ text, answer: same })) })
  const conversation = await s.text(PERSON, 'many')
  await s.text(PERSON, 'as many')
  await s.settled(conversation, (all) => ours(all).length === 40)
  await s.sandbox.setScript({ rules: [{ text: 'one more', answer: ['same'] }] })
  const refused = { kind: 'status', status: 500, when: 'before' } as const
  await s.sandbox.setFaults({ rules: [{ ...create, fault: refused }] })
  await s.text(PERSON, 'one more')
  await s.settled(conversation, (all) => ours(all).length === 41)
  expect(await delivered()).toHaveLength(41)
})
