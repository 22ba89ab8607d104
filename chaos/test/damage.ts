import type { TrueChat, TwilioEntry, UponaiEntry } from '@chatlane/sandbox'
import { check } from '../check/check.ts'
import { faultKinds } from '../check/findings.ts'
import type { Evidence, LedgerEvidence, Person } from '../evidence.ts'

/** The faults that are found: for each kind the persons of its cases, in order. Kinds without a case are left out. */
export function faultsIn(evidence: Evidence): Record<string, string[]> {
  const findings = check(evidence)
  return Object.fromEntries(
    faultKinds
      .filter((kind) => findings[kind].length > 0)
      .map((kind) => [kind, findings[kind].map(({ person }) => person)]),
  )
}

/** The one of a list that a number, whichever it is, stands for; undefined when there is none. */
export function pick<T>(items: readonly T[], n: number): T | undefined {
  return items[n % Math.max(1, items.length)]
}

/** A text at UponAI, with the means to damage it. */
export interface SaidPlace {
  person: Person
  chat: TrueChat
  message: TrueChat['messages'][number]
}

export function personNamed({ people }: Evidence, name: string): Person {
  const person = people.find((each) => each.name === name)
  if (!person) throw new Error(`no ${name}`)
  return person
}

export function chatsOf({ chats }: Evidence, { conversationId }: Person): TrueChat[] {
  return chats.filter(({ metadata }) => metadata?.conversation_id === conversationId)
}

export function saidPlaces(evidence: Evidence): SaidPlace[] {
  return evidence.people.flatMap((person) =>
    chatsOf(evidence, person).flatMap((chat) =>
      chat.messages.flatMap((message) => (message.role === 'user' ? [{ person, chat, message }] : [])),
    ),
  )
}

/** Neighbours of one person with different texts: exchanging them changes the order. */
export function unlikeNeighbours<T extends { person: Person }>(places: readonly T[], textOf: (place: T) => unknown) {
  return places.flatMap((first, i): [T, T][] => {
    const second = places[i + 1]
    const differ = second !== undefined && second.person === first.person && textOf(first) !== textOf(second)
    return differ ? [[first, second]] : []
  })
}

export interface LedgerPlace {
  person: Person
  entry: LedgerEvidence
}

export function ledgerPlaces({ people }: Evidence, fits: (entry: LedgerEvidence) => boolean): LedgerPlace[] {
  return people.flatMap((person) => person.ledger.filter(fits).map((entry) => ({ person, entry })))
}

export const isReply = ({ role, text }: LedgerEvidence) => role === 'agent' && text.startsWith('echo: ')
export const isFromUser = ({ role }: LedgerEvidence) => role === 'user'

export interface SendPlace {
  person: Person
  send: TwilioEntry
}

export function sendPlaces({ people, history }: Evidence): SendPlace[] {
  return people.flatMap((person) =>
    history.flatMap((send) =>
      send.kind === 'twilio' && send.effect && send.to === person.address ? [{ person, send }] : [],
    ),
  )
}

/** What Twilio has of a ledger's entry. */
export function sendOf({ history }: Evidence, { id }: LedgerEvidence): TwilioEntry | undefined {
  return history.find((entry): entry is TwilioEntry => entry.kind === 'twilio' && entry.sid === `SM_${id}`)
}

export function remove<T>(items: T[], item: T): void {
  items.splice(items.indexOf(item), 1)
}

export function insertAfter<T>(items: T[], item: T, added: T): void {
  items.splice(items.indexOf(item) + 1, 0, added)
}

/** Completions of a text, in order. */
export function completionsOf({ history }: Evidence, text: string): UponaiEntry[] {
  return history.filter(
    (entry): entry is UponaiEntry =>
      entry.kind === 'uponai' && entry.operation === 'completion' && entry.content === text,
  )
}
