import { expect, it } from 'vitest'
import { check } from '../check/check.ts'
import type { Evidence } from '../evidence.ts'
import { consistentEvidence, type Step } from './consistent.ts'
import { faultsIn, insertAfter, isReply, personNamed, remove, sendOf, sendPlaces } from './damage.ts'

type Delivery = NonNullable<Extract<Step, { do: 'say' }>['delivery']>

/** Each message with what becomes of its reply. */
function ada(...messages: [text: string, delivery: Delivery][]): Evidence {
  const steps = messages.map(([text, delivery]): Step => ({ do: 'say', text, delivery }))
  return consistentEvidence([{ name: 'Ada', channel: 'sms', greeting: false, burst: 1, steps, closedAtEnd: true }])
}

it('counts what is still queued at the end as lost, sent or not', () => {
  for (const taken of [true, false]) {
    const evidence = ada(['ok', 'sent'], ['ok', 'sent'])
    const last = personNamed(evidence, 'Ada').ledger.findLast(isReply)
    if (!last) throw new Error('no reply')
    const send = sendOf(evidence, last)
    if (send && !taken) remove(evidence.history, send)
    last.status = 'queued'
    expect(faultsIn(evidence)).toEqual({ deliveries_lost: ['Ada'] })
    expect(check(evidence).deliveries_lost[0]?.seen).toContain('queued')
  }
})

it('finds a failed one that Twilio has all the same; of equal texts, an unknown one is it', () => {
  const evidence = ada(['ok', 'failed'], ['ok', 'unknown_lost'], ['hi', 'delivered'])
  const [example] = sendPlaces(evidence)
  if (!example) throw new Error('nothing sent')
  const late = { ...example.send, body: 'echo: ok' }
  evidence.history.push(late)
  expect(faultsIn(evidence)).toEqual({})
  evidence.history.push({ ...late })
  expect(faultsIn(evidence)).toEqual({ given_up_but_done: ['Ada'] })
})

it('finds a message that Twilio said is delivered, and the ledger does not', () => {
  for (const status of ['sent', 'unknown', 'undelivered']) {
    const evidence = ada(['hi', 'delivered'], ['ok', 'sent'])
    const reply = personNamed(evidence, 'Ada').ledger.find(isReply)
    const callback = evidence.history.find((entry) => entry.kind === 'status_callback')
    if (!reply || callback?.kind !== 'status_callback') throw new Error('nothing delivered')
    reply.status = 'read'
    expect(faultsIn(evidence)).toEqual({})
    reply.status = status
    expect(faultsIn(evidence)).toEqual({ deliveries_misreported: ['Ada'] })
    // One that nobody took, that came when the ledger had been read, or that is not about its end says nothing.
    for (const other of [{ status: 503 }, { answered_at: Date.UTC(2027, 0, 1) }, { message_status: 'sent' }]) {
      const before = { ...callback }
      Object.assign(callback, other)
      expect(faultsIn(evidence)).toEqual({})
      Object.assign(callback, before)
    }
  }
})

it('holds a text in two parts to be delivered when both are', () => {
  const evidence = ada(['hi', 'delivered'])
  const reply = personNamed(evidence, 'Ada').ledger.find(isReply)
  const send = reply && sendOf(evidence, reply)
  const callback = evidence.history.find((entry) => entry.kind === 'status_callback')
  if (!reply || !send || callback?.kind !== 'status_callback') throw new Error('nothing delivered')
  reply.status = 'sent'
  const url = callback.url.replace('part=0', 'part=1')
  insertAfter(evidence.history, send, { ...send, status_callback: url })
  expect(check(evidence).deliveries_misreported).toEqual([])
  evidence.history.push({ ...callback, url })
  expect(check(evidence).deliveries_misreported).toHaveLength(1)
})

it('lets Twilio have an unknown one or not, also late, but not twice', () => {
  for (const delivery of ['unknown_taken', 'unknown_lost'] as const) {
    const evidence = ada(['hi', delivery], ['ok', 'delivered'])
    const [example] = sendPlaces(evidence)
    if (!example) throw new Error('nothing sent')
    evidence.history = evidence.history.filter((entry) => entry.kind !== 'twilio' || entry.body !== 'echo: hi')
    expect(faultsIn(evidence)).toEqual({})
    const late = { ...example.send, body: 'echo: hi', effect: true }
    evidence.history.push(late)
    expect(faultsIn(evidence)).toEqual({})
    evidence.history.push({ ...late })
    expect(faultsIn(evidence)).toEqual({ deliveries_doubled: ['Ada'] })
  }
})

it('tells one doubled delivery among equal ones', () => {
  const evidence = ada(['ok', 'sent'], ['ok', 'delivered'], ['ok', 'undelivered'])
  const [, second] = sendPlaces(evidence)
  if (second) insertAfter(evidence.history, second.send, { ...second.send })
  expect(faultsIn(evidence)).toEqual({ deliveries_doubled: ['Ada'] })
  expect(check(evidence).deliveries_doubled[0]?.expected).toBe('sent to +14155550000 3 times at most')
})

it('looks at closing texts and greetings as well', () => {
  const evidence = ada(['ok', 'sent'])
  const last = sendPlaces(evidence).at(-1)
  expect(last?.send.body).toBe('Closing for now.')
  if (last) remove(evidence.history, last.send)
  expect(faultsIn(evidence)).toEqual({ deliveries_lost: ['Ada'] })
})

it('says nothing of a number whose conversation nobody was told of', () => {
  const evidence = ada(['ok', 'sent'])
  const [example] = sendPlaces(evidence)
  const unclear = { name: 'Ben', channel: 'sms' as const, address: '+14155559999', unclear: ['hi'], accepted: [] }
  evidence.people.push({ ...unclear, ledger: [], ledgerAt: 0, pending: 0, status: 'open', closes: true })
  if (example) evidence.history.push({ ...example.send, to: '+14155559999', body: 'echo: hi' })
  expect(faultsIn(evidence)).toEqual({})
})

it('holds every state that only Twilio can tell to be with Twilio', () => {
  for (const delivery of ['sent', 'delivered', 'undelivered'] as const) {
    const evidence = ada(['hi', delivery], ['ok', 'delivered'])
    evidence.history = evidence.history.filter((entry) => entry.kind !== 'twilio' || entry.body !== 'echo: hi')
    expect(faultsIn(evidence)).toEqual({ deliveries_lost: ['Ada'] })
  }
})
