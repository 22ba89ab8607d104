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

it('lets Twilio have an unknown or failed one or not, also late, but not twice', () => {
  for (const delivery of ['unknown_taken', 'failed', 'unknown_lost'] as const) {
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
  evidence.people.push({ ...unclear, ledger: [], pending: 0, status: 'open' })
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
