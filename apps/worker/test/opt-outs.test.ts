import { once } from 'node:events'
import { setTimeout as passed } from 'node:timers/promises'
import { acceptSms, type Conversation, inboundSmsForm, watchRoutes } from '@chatlane/core'
import { sandboxCredentials } from '@chatlane/sandbox'
import fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'
import { apiBeside } from './api-beside.ts'
import { NUMBER, type Stage, stage } from './stage.ts'

let s: Stage
afterEach(() => s.stop())

const PERSON = '+14155550123'

let sids = 0
const newSid = () => `SM${String(++sids).padStart(32, '0')}`

/** Brings a message through the door that the webhook has. */
async function hear(body: string, from = PERSON, sid = newSid()) {
  const sms = inboundSmsForm.parse({
    MessageSid: sid,
    AccountSid: sandboxCredentials.twilioAccountSid,
    From: from,
    To: NUMBER,
    Body: body,
  })
  const routes = watchRoutes(s.environment.CHATLANE_CONFIG)
  const acceptance = await acceptSms({ conversations: s.conversations, routes }, sms)
  if (!('conversationId' in acceptance)) throw new Error(`not accepted: ${acceptance.status}`)
  return acceptance
}

async function conversationWith(from = PERSON): Promise<Conversation> {
  const [conversation] = (await s.conversations.list({ participant: from, limit: 1 })).conversations
  if (!conversation) throw new Error(`no conversation with ${from}`)
  return conversation
}

/** The bodies of the messages that were handed to Twilio, taken or not. */
async function handed(): Promise<string[]> {
  const entries = await s.sandbox.history({ kind: 'twilio' })
  return entries.flatMap((entry) =>
    entry.kind === 'twilio' && entry.operation === 'message-create' ? [entry.body ?? ''] : [],
  )
}

/** Waits until something of the kind is under way at the sandbox. */
async function underWay(kind: 'twilio' | 'uponai', operation: string): Promise<void> {
  const pending = async () =>
    (await s.sandbox.history({ kind })).some(
      (entry) => 'operation' in entry && entry.operation === operation && entry.outcome === 'pending',
    )
  while (!(await pending())) await passed(20)
}

const slowly = { kind: 'latency', distribution: 'fixed', ms: 1_500 } as const
const slowSends = { rules: [{ target: 'twilio', operation: 'message-create', fault: slowly } as const] }
const slowAnswers = { rules: [{ target: 'uponai', operation: 'completion', fault: slowly } as const] }

const states = (items: { text: string; status: string; reason?: string }[]) =>
  items.map(({ text, status, reason }) => (reason === undefined ? [text, status] : [text, status, reason]))

it('sends nothing more after a STOP while twenty messages wait to be sent', async () => {
  s = await stage({})
  const answers = Array.from({ length: 20 }, (_, n) => `answer ${n}`)
  await s.sandbox.setScript({ rules: [{ text: 'tell', answer: answers }] })
  await s.sandbox.setFaults(slowSends)
  await hear('tell')
  await underWay('twilio', 'message-create')
  await hear('STOP')
  const before = await handed()
  expect(before).toEqual(['answer 0'])
  const items = await s.settled(await conversationWith(), (all) => all.length === 22)
  expect(states(items)).toEqual([
    ['tell', 'answered'],
    ['answer 0', 'sent'],
    ...answers.slice(1).map((answer) => [answer, 'failed', 'opted_out']),
    ['STOP', 'dropped', 'stop'],
  ])
  expect(await handed()).toEqual(before)
  // START sends nothing of that: it is over.
  await hear('START')
  await hear('still there?')
  await s.settled(await conversationWith(), (all) => all.at(-1)?.status === 'sent')
  expect(await handed()).toEqual([...before, 'echo: still there?'])
})

it('sends nothing to who said STOP while their message waited for a connection', async () => {
  s = await stage({})
  // Twice as many as a worker has connections to Twilio.
  const people = Array.from({ length: 100 }, (_, n) => `+1415557${String(n).padStart(4, '0')}`)
  const slower = { ...slowly, ms: 8_000 }
  await s.sandbox.setFaults({ rules: [{ target: 'twilio', operation: 'message-create', fault: slower }] })
  await Promise.all(people.map((from) => hear('hi', from)))
  const reached = async () =>
    (await s.sandbox.history({ kind: 'twilio' })).flatMap((entry) => (entry.kind === 'twilio' ? [entry.to ?? ''] : []))
  while ((await reached()).length < 50) await passed(20)
  const early = await reached()
  const waiting = people.filter((from) => !early.includes(from))
  await Promise.all(waiting.map((from) => hear('STOP', from)))
  const meanwhile = (await reached()).filter((to) => !early.includes(to))
  expect(meanwhile).toEqual([])
  for (const from of people) await s.settled(await conversationWith(from))
  expect((await reached()).toSorted()).toEqual(early.toSorted())
})

it('does not send what waited when START follows at once', async () => {
  s = await stage({})
  await s.sandbox.setScript({ rules: [{ text: 'tell', answer: ['one', 'two', 'three'] }] })
  await s.sandbox.setFaults(slowSends)
  await hear('tell')
  await underWay('twilio', 'message-create')
  await hear('STOP')
  await hear('START')
  await hear('hello')
  const items = await s.settled(await conversationWith(), (all) =>
    all.some(({ text, status }) => text === 'echo: hello' && status === 'sent'),
  )
  expect(states(items).filter(([text]) => text !== 'hello' && text !== 'tell')).toEqual([
    ['one', 'sent'],
    ['two', 'failed', 'opted_out'],
    ['three', 'failed', 'opted_out'],
    ['STOP', 'dropped', 'stop'],
    ['START', 'dropped', 'start'],
    ['echo: hello', 'sent'],
  ])
})

it('sends no answer that was being made when STOP came, and makes none for what waited', async () => {
  s = await stage({})
  await s.sandbox.setFaults(slowAnswers)
  await hear('question')
  await underWay('uponai', 'completion')
  await hear('and another')
  await hear('STOP')
  await hear('and one more')
  const items = await s.settled(await conversationWith(), (all) => all.length === 5)
  expect(states(items).toSorted()).toEqual(
    [
      ['question', 'answered'],
      ['echo: question', 'failed', 'opted_out'],
      ['and another', 'dropped', 'opted_out'],
      ['STOP', 'dropped', 'stop'],
      ['and one more', 'dropped', 'opted_out'],
    ].toSorted(),
  )
  expect(await handed()).toEqual([])
  expect(await s.sandbox.chats()).toMatchObject([{ completions: 1 }])
})

it('answers what comes after START in the same chat, also if a message was dropped in the middle of being said', async () => {
  s = await stage({})
  await s.sandbox.setFaults({
    rules: [{ target: 'uponai', operation: 'completion', times: 1, fault: { kind: 'drop', when: 'after' } }],
  })
  await hear('lost on the way')
  const tried = async () => (await s.sandbox.faultCounts())[0]?.injected === 1
  while (!(await tried())) await passed(10)
  await hear('STOP')
  await hear('START')
  await hear('hello')
  const items = await s.settled(await conversationWith(), (all) =>
    all.some(({ text, status }) => text === 'echo: hello' && status === 'sent'),
  )
  const first = items[0]
  expect([
    ['dropped', 'opted_out'],
    ['answered', undefined],
  ]).toContainEqual([first?.status, first?.reason])
  expect((await handed()).filter((body) => body === 'echo: hello')).toHaveLength(1)
  const [chat, ...others] = await s.sandbox.chats()
  expect(others).toEqual([])
  expect(chat?.messages.filter(({ role }) => role === 'user').map(({ content }) => content)).toEqual([
    'lost on the way',
    'hello',
  ])
})

it('opts a person out whom Twilio says to be, in the answer to a send', async () => {
  s = await stage({})
  const refusal = { kind: 'status', status: 400, code: 21610 } as const
  await s.sandbox.setFaults({ rules: [{ target: 'twilio', operation: 'message-create', times: 1, fault: refusal }] })
  await s.sandbox.setScript({ rules: [{ text: 'tell', answer: ['one', 'two'] }] })
  await hear('tell')
  await s.settled(await conversationWith(), (all) => all.length === 3)
  expect(await s.conversations.optOuts.list({ limit: 10 })).toMatchObject({
    optOuts: [{ sender: NUMBER, participant: PERSON, by: 'carrier' }],
  })
  await hear('hello?')
  const items = await s.settled(await conversationWith(), (all) => all.length === 4)
  expect(states(items)).toEqual([
    ['tell', 'answered'],
    ['one', 'failed', 'opted_out'],
    ['two', 'failed', 'opted_out'],
    ['hello?', 'dropped', 'opted_out'],
  ])
  expect(await handed()).toEqual(['one'])
})

it('opts a person out whom Twilio says to be, in a status callback', async () => {
  s = await stage({})
  const api = await apiBeside(s)
  await s.sandbox.settings({ statuses: ['failed'], status_error_code: 21610 })
  const answer = await s.sandbox.sendSms({ from: PERSON, to: NUMBER, body: 'hi' })
  expect(answer.status).toBe(204)
  const optedOut = () => s.conversations.optOuts.has({ sender: NUMBER, participant: PERSON })
  await expect.poll(optedOut).toBe(true)
  const items = await s.settled(await conversationWith(), (all) => all.at(-1)?.status === 'failed')
  expect(items.at(-1)).toMatchObject({ text: 'echo: hi', reason: 'opted_out' })
  await api.stop()
})

it('loses no STOP when the api is killed over it, and shows each once', async () => {
  s = await stage({})
  const people = Array.from({ length: 60 }, (_, n) => `+1415555${String(n).padStart(4, '0')}`)
  let api = await apiBeside(s)
  const unheard = new Map(people.map((from) => [from, newSid()]))
  for (let round = 0; unheard.size > 0; round++) {
    const all = [...unheard].map(async ([from, message_sid]) => {
      const { status } = await s.sandbox
        .sendSms({ from, to: NUMBER, body: 'STOP', message_sid })
        .catch(() => ({ status: null }))
      if (status === 204) {
        expect(await s.conversations.optOuts.has({ sender: NUMBER, participant: from })).toBe(true)
        unheard.delete(from)
      }
    })
    if (round < 3) {
      await passed(30 + 30 * round)
      await api.kill()
      await Promise.all(all)
      api = await apiBeside(s)
    } else await Promise.all(all)
  }
  for (const from of people) {
    const items = await s.settled(await conversationWith(from))
    expect(states(items)).toEqual([['STOP', 'dropped', 'stop']])
  }
  expect(await s.conversations.optOuts.count()).toBe(people.length)
  await api.stop()
})

it('does by its turn what an api did not get to do', async () => {
  s = await stage({ workers: 0 })
  // Whoever stored it died right after.
  const { apply } = s.conversations.optOuts
  s.conversations.optOuts.apply = async () => Promise.reject(new Error('killed'))
  await expect(hear('STOP')).rejects.toThrow('killed')
  s.conversations.optOuts.apply = apply
  expect(await s.conversations.optOuts.count()).toBe(0)
  await s.workerProcess()
  await expect.poll(() => s.conversations.optOuts.count()).toBe(1)
})

it('sends nothing to who said STOP when the worker was killed in the middle of it', async () => {
  s = await stage({ workers: 0 })
  const first = await s.workerProcess()
  await s.sandbox.setFaults({
    rules: [{ target: 'uponai', operation: 'completion', fault: { kind: 'hang', when: 'after' } }],
  })
  await hear('deadly')
  await underWay('uponai', 'completion')
  await hear('STOP')
  first.kill('SIGKILL')
  await once(first, 'exit')
  await s.sandbox.clearFaults()
  await s.workerProcess()
  const items = await s.settled(await conversationWith(), (all) => all.length === 2)
  expect(states(items)).toEqual([
    ['deadly', 'dropped', 'opted_out'],
    ['STOP', 'dropped', 'stop'],
  ])
  expect(await handed()).toEqual([])
  expect(await s.sandbox.chats()).toMatchObject([{ completions: 1 }])
})

/** A failing run prints its seed; OPT_OUT_SEED=<seed> runs it again. */
const seed = Number(process.env.OPT_OUT_SEED ?? Date.now() % 2 ** 31)

it(`keeps what it says in any order of STOP, START and messages (seed ${seed})`, async () => {
  s = await stage({})
  await s.sandbox.setFaults({ latency: { distribution: 'uniform', min_ms: 0, max_ms: 40 } })
  const step = fc.record({
    say: fc.constantFrom('STOP', 'stop', 'START', 'YES', 'message', 'message', 'message'),
    thenMs: fc.constantFrom(0, 0, 20, 120),
    again: fc.boolean(),
  })
  let people = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
      const from = `+1415556${String(++people).padStart(4, '0')}`
      let out = false
      const said: { text: string; expected: 'dropped' | 'answered' | 'either'; reason?: string }[] = []
      const sids: [text: string, sid: string][] = []
      for (const [i, { say, thenMs, again }] of steps.entries()) {
        const text = say === 'message' ? `${from} ${i}` : say
        const word = say === 'message' ? undefined : say.toLowerCase() === 'stop' ? 'stop' : 'start'
        const sid = newSid()
        await hear(text, from, sid)
        sids.push([text, sid])
        if (word === 'stop') {
          out = true
          said.push({ text, expected: 'dropped', reason: 'stop' })
          // What was said before may have been on its way, or not.
          for (const before of said) if (before.expected === 'answered') before.expected = 'either'
        } else if (out && word === 'start') {
          out = false
          said.push({ text, expected: 'dropped', reason: 'start' })
        } else {
          said.push(out ? { text, expected: 'dropped', reason: 'opted_out' } : { text, expected: 'answered' })
        }
        expect(await s.conversations.optOuts.has({ sender: NUMBER, participant: from })).toBe(out)
        const [back, backSid] = sids[Math.floor(sids.length / 2)] ?? ['', '']
        if (again && backSid !== '') await hear(back, from, backSid)
        expect(await s.conversations.optOuts.has({ sender: NUMBER, participant: from })).toBe(out)
        if (thenMs > 0) await passed(thenMs)
      }
      const items = await s.settled(await conversationWith(from))
      const theirs = items.filter(({ role }) => role === 'user')
      expect(theirs.map(({ text }) => text)).toEqual(said.map(({ text }) => text))
      for (const [i, { status, reason }] of theirs.entries()) {
        const { expected, reason: why } = said[i] ?? {}
        if (expected === 'dropped') expect([status, reason]).toEqual(['dropped', why])
        if (expected === 'answered') expect(status).toBe('answered')
        if (expected === 'either') expect(['answered', 'dropped']).toContain(status)
      }
      const sent = (await handed()).filter((body) => body.startsWith(`echo: ${from}`))
      expect(new Set(sent).size).toBe(sent.length)
      // Nothing was made, let alone sent, of what was said while they were opted out; all of what was said since is sent.
      for (const { text, expected } of said) {
        if (expected === 'dropped') expect(sent).not.toContain(`echo: ${text}`)
        if (expected === 'answered' && text.startsWith(from)) expect(sent).toContain(`echo: ${text}`)
      }
    }),
    { numRuns: 25, seed, endOnFailure: true },
  )
})
