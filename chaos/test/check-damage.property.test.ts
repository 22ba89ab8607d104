import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Evidence, LedgerEvidence } from '../evidence.ts'
import { consistentEvidence } from './consistent.ts'
import {
  chatsOf,
  faultsIn,
  insertAfter,
  isFromUser,
  isReply,
  ledgerPlaces,
  pick,
  remove,
  saidPlaces,
  sendOf,
  sendPlaces,
  unlikeNeighbours,
} from './damage.ts'
import { smoothStories } from './stories.ts'

/** A failing run prints its seed; CHECK_SEED=<seed> runs it again. */
const seed = Number(process.env.CHECK_SEED ?? Date.now() % 2 ** 31)

/**
 * Damages evidence in which all went well, and says what has to be found.
 * @param n which of the places to damage
 * @returns kind and person; undefined when there is no such place
 */
type Damage = (evidence: Evidence, n: number) => [kind: string, person: string] | undefined

const damages: Record<string, Damage> = {
  'a text that UponAI does not have': (evidence, n) => {
    const place = pick(saidPlaces(evidence), n)
    if (!place) return undefined
    remove(place.chat.messages, place.message)
    return ['lost', place.person.name]
  },
  'a text that UponAI has twice': (evidence, n) => {
    const place = pick(saidPlaces(evidence), n)
    if (!place) return undefined
    insertAfter(place.chat.messages, place.message, { ...place.message })
    return ['doubled', place.person.name]
  },
  'a text that UponAI has again in a later chat': (evidence, n) => {
    const place = pick(saidPlaces(evidence), n)
    const chat =
      place && evidence.chats.findLast(({ metadata }) => metadata?.conversation_id === place.person.conversationId)
    if (!place || chat === place.chat) return undefined
    chat?.messages.push({ ...place.message })
    return ['doubled', place.person.name]
  },
  'two texts exchanged at UponAI': (evidence, n) => {
    const pair = pick(
      unlikeNeighbours(saidPlaces(evidence), ({ message }) => message.content),
      n,
    )
    if (!pair) return undefined
    exchange(pair[0].message, pair[1].message, 'content')
    return ['out_of_order', pair[0].person.name]
  },
  'a message that the ledger does not have': (evidence, n) => {
    const place = pick(ledgerPlaces(evidence, isFromUser), n)
    if (!place) return undefined
    remove(place.person.ledger, place.entry)
    return ['missing_from_ledger', place.person.name]
  },
  'a message that the ledger has twice': (evidence, n) => {
    const place = pick(ledgerPlaces(evidence, isFromUser), n)
    if (!place) return undefined
    insertAfter(place.person.ledger, place.entry, { ...place.entry, id: `${place.entry.id}1` })
    return ['doubled', place.person.name]
  },
  'two messages exchanged in the ledger': (evidence, n) => {
    const pair = pick(
      unlikeNeighbours(ledgerPlaces(evidence, isFromUser), ({ entry }) => entry.text),
      n,
    )
    if (!pair) return undefined
    exchange(pair[0].entry, pair[1].entry, 'text')
    return ['out_of_order', pair[0].person.name]
  },
  'a reply that was never made': (evidence, n) => {
    const place = pick(ledgerPlaces(evidence, isReply), n)
    if (!place) return undefined
    const send = sendOf(evidence, place.entry)
    remove(place.person.ledger, place.entry)
    if (send) remove(evidence.history, send)
    return ['never_answered', place.person.name]
  },
  'a message that is not answered by its status': (evidence, n) => {
    const place = pick(ledgerPlaces(evidence, isFromUser), n)
    if (!place) return undefined
    place.entry.status = 'queued'
    return ['never_answered', place.person.name]
  },
  'a reply that came twice': (evidence, n) => {
    const place = pick(ledgerPlaces(evidence, isReply), n)
    if (!place) return undefined
    const send = sendOf(evidence, place.entry)
    insertAfter(place.person.ledger, place.entry, { ...place.entry, id: `${place.entry.id}1` })
    if (send) insertAfter(evidence.history, send, { ...send })
    return ['answers', place.person.name]
  },
  'two replies exchanged': (evidence, n) => {
    const pair = pick(
      unlikeNeighbours(ledgerPlaces(evidence, isReply), ({ entry }) => entry.text),
      n,
    )
    if (!pair) return undefined
    const [a, b] = pair.map(({ entry }) => sendOf(evidence, entry))
    exchange(pair[0].entry, pair[1].entry, 'text')
    if (a && b) exchange(a, b, 'body')
    return ['answers', pair[0].person.name]
  },
  'a delivery that Twilio does not have': (evidence, n) => {
    const place = pick(sendPlaces(evidence), n)
    if (!place) return undefined
    remove(evidence.history, place.send)
    return ['deliveries_lost', place.person.name]
  },
  'a delivery that had no effect': (evidence, n) => {
    const place = pick(sendPlaces(evidence), n)
    if (!place) return undefined
    place.send.effect = false
    return ['deliveries_lost', place.person.name]
  },
  'a delivery that Twilio has twice': (evidence, n) => {
    const place = pick(sendPlaces(evidence), n)
    if (!place) return undefined
    insertAfter(evidence.history, place.send, { ...place.send })
    return ['deliveries_doubled', place.person.name]
  },
  'two deliveries exchanged': (evidence, n) => {
    const pair = pick(
      unlikeNeighbours(sendPlaces(evidence), ({ send }) => send.body),
      n,
    )
    if (!pair) return undefined
    exchange(pair[0].send, pair[1].send, 'body')
    return ['deliveries_out_of_order', pair[0].person.name]
  },
  'a delivery that Twilio said is brought, and the ledger does not': (evidence, n) => {
    const delivered = ({ role, status }: LedgerEvidence) => role !== 'user' && status === 'delivered'
    const places = ledgerPlaces(evidence, delivered).filter(({ person }) => person.channel === 'sms')
    const place = pick(places, n)
    if (!place) return undefined
    place.entry.status = 'sent'
    return ['deliveries_misreported', place.person.name]
  },
  'a delivery that failed by the ledger, and Twilio has it': (evidence, n) => {
    const place = pick(
      ledgerPlaces(evidence, (entry) => sendOf(evidence, entry) !== undefined && entry.status === 'sent'),
      n,
    )
    if (!place) return undefined
    place.entry.status = 'failed'
    return ['given_up_but_done', place.person.name]
  },
  'a conversation that is never closed': (evidence, n) => {
    const closed = evidence.people.filter((person) => person.closes && person.status === 'closed')
    const person = pick(closed, n)
    const chat = person && chatsOf(evidence, person).at(-1)
    if (!person || !chat) return undefined
    person.status = 'open'
    person.chatId = chat.chat_id
    chat.status = 'ongoing'
    return ['not_closed', person.name]
  },
  'two callers at once in a chat': (evidence, n) => {
    const place = pick(saidPlaces(evidence), n)
    if (!place) return undefined
    place.chat.max_in_flight = 2
    return ['overlapping', place.person.name]
  },
  'two texts worked on at once in a chat': (evidence, n) => {
    const place = pick(saidPlaces(evidence), n)
    if (!place) return undefined
    place.chat.max_working = 2
    return ['overlapping', place.person.name]
  },
  'a completion after the chat was known to be over': (evidence, n) => {
    const last = pick(
      evidence.history.filter((entry) => entry.kind === 'webhook'),
      n,
    )
    if (!last) return undefined
    const at = (last.answered_at ?? 0) + 1
    const person = evidence.people.find(({ conversationId }) => last.chat_id.startsWith(`${conversationId}_`))
    const completion = evidence.history.find((entry) => entry.kind === 'uponai' && entry.operation === 'completion')
    if (!person || completion?.kind !== 'uponai') return undefined
    // A message that came later, into the chat that is over.
    person.accepted.push({ text: 'too late', at: at + 1 })
    const id = `${at}-0`
    person.ledger.push({ id, role: 'user', text: 'too late', status: 'failed' })
    const conversationId = person.conversationId ?? ''
    evidence.deadLetters.push({ conversationId, messageId: id, kind: 'message', text: 'too late', reason: 'gone' })
    const facts = { chat_id: last.chat_id, content: 'too late', at: at + 1, answered_at: at + 2, status: 400 }
    evidence.history.push({ ...completion, ...facts, seq: evidence.history.length + 1, effect: false })
    return ['sent_into_ended', person.name]
  },
  'a chat that nobody ended': (evidence, n) => {
    const place = pick(saidPlaces(evidence), n)
    if (!place) return undefined
    const forgotten = { ...place.chat, chat_id: 'chat_forgotten', messages: [], status: 'ongoing' as const }
    forgotten.started_at -= 1
    evidence.chats.push(forgotten)
    return ['orphan_chats', place.person.name]
  },
}

it.each(Object.entries(damages))('finds %s, and nothing else', (_, damage) => {
  let damaged = 0
  fc.assert(
    fc.property(smoothStories, fc.nat(), (stories, n) => {
      const evidence = consistentEvidence(stories)
      const expected = damage(evidence, n)
      fc.pre(expected !== undefined)
      damaged++
      expect(faultsIn(evidence)).toEqual({ [expected[0]]: [expected[1]] })
    }),
    { seed, numRuns: 300, maxSkipsPerRun: 1_000 },
  )
  expect(damaged).toBeGreaterThanOrEqual(300)
})

function exchange<T, K extends keyof T>(a: T, b: T, key: K): void {
  const kept = a[key]
  a[key] = b[key]
  b[key] = kept
}
