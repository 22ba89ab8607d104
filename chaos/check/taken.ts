import type { AcceptedMessage, DeadLetterEvidence, LedgerEvidence, Person } from '../evidence.ts'
import { align } from './align.ts'
import { pairByText, takeByText } from './compare.ts'

/** A message that Chatlane took in, or should have: what everything else of the conversation is compared with. */
export interface Taken {
  text: string
  /** `unclear`: the sender was not told, but it is in the ledger; `extra`: in the ledger more often than it was sent. */
  source: 'accepted' | 'unclear' | 'extra'
  /** Its entry in the ledger; only an accepted one can be without. */
  entry?: LedgerEvidence
  /** When the sender was told, ms. */
  acceptedAt?: number
  /** It was given up. */
  letter?: DeadLetterEvidence
  /** Still in the lane at the end. */
  waits: boolean
  /** Its place among the others is not to be judged. */
  anyPlace: boolean
}

export interface TakenIn {
  /** In the order in which they have to be said: that of the acceptances; those of unclear outcome where the ledger has them. */
  taken: Taken[]
  /** Accepted ones at another place in the ledger. */
  moved: Taken[]
  /** Texts of unclear outcome that are not in the ledger. */
  unclearLeft: string[]
}

/**
 * A message of unclear outcome that is in the ledger was taken in: ledger and lane are written in one step. From there on it is
 * held to all that accepted ones are.
 * @param letters dead letters of the conversation's messages
 */
export function takenIn(person: Person, letters: readonly DeadLetterEvidence[]): TakenIn {
  const entries = person.ledger.filter(({ role }) => role === 'user')
  const aligned = align(person.accepted, entries)
  const unclear = takeByText(aligned.extra, person.unclear)
  const { pairs: moved, extra } = pairByText(aligned.missing, unclear.rest)

  const waiting = new Set(
    person.pending === 0 ? [] : entries.filter(({ status }) => status === 'queued').slice(-person.pending),
  )
  const letterOf = new Map(
    letters.flatMap((letter) => (letter.messageId === undefined ? [] : [[letter.messageId, letter]])),
  )
  const ids = new Set(entries.map(({ id }) => id))
  const unplaced = letters.filter(({ messageId }) => messageId === undefined || !ids.has(messageId))

  const describe = (text: string, source: Taken['source'], entry: LedgerEvidence | undefined): Taken => {
    const letter = entry ? letterOf.get(entry.id) : takeLetter(unplaced, text)
    return {
      text,
      source,
      ...(entry && { entry }),
      ...(letter && { letter }),
      waits: entry !== undefined && waiting.has(entry),
      anyPlace: letter !== undefined,
    }
  }

  const inOrder = new Map(aligned.pairs.map(({ expected, seen }) => [expected, seen]))
  const elsewhere = new Map(moved.map(({ expected, seen }) => [expected, seen]))
  const sourceOf = new Map<LedgerEvidence, 'unclear' | 'extra'>([
    ...unclear.taken.map((entry) => [entry, 'unclear'] as const),
    ...extra.map((entry) => [entry, 'extra'] as const),
  ])

  const taken: Taken[] = []
  const movedOnes: Taken[] = []
  let next = 0
  let someMissing = false
  const takeOthersUpTo = (end: number) => {
    for (const entry of entries.slice(next, end)) {
      const source = sourceOf.get(entry)
      if (source === undefined) continue
      const one = describe(entry.text, source, entry)
      // Beside one that the ledger does not have, nobody can say which of the two came first.
      taken.push({ ...one, anyPlace: one.anyPlace || someMissing })
    }
  }
  for (const message of person.accepted) {
    const entry = inOrder.get(message)
    if (entry) {
      const place = entries.indexOf(entry, next)
      takeOthersUpTo(place)
      next = place + 1
      someMissing = false
    }
    const one = accepted(message, entry ?? elsewhere.get(message))
    taken.push(one)
    if (!one.entry) someMissing = true
    if (elsewhere.has(message)) movedOnes.push(one)
  }
  takeOthersUpTo(entries.length)
  return { taken, moved: movedOnes, unclearLeft: unclearLeft(person.unclear, unclear.taken) }

  function accepted(message: AcceptedMessage, entry: LedgerEvidence | undefined): Taken {
    return { ...describe(message.text, 'accepted', entry), acceptedAt: message.at }
  }
}

/** The dead letter of a message that the ledger does not have: the first with its text. */
function takeLetter(letters: DeadLetterEvidence[], text: string): DeadLetterEvidence | undefined {
  const place = letters.findIndex((letter) => letter.text === text)
  return place === -1 ? undefined : letters.splice(place, 1)[0]
}

function unclearLeft(texts: readonly string[], found: readonly LedgerEvidence[]): string[] {
  const all = texts.map((text) => ({ text }))
  return takeByText(
    all,
    found.map(({ text }) => text),
  ).rest.map(({ text }) => text)
}

/** When an entry of a ledger was written, ms: its id begins with it. */
export function writtenAt({ id }: LedgerEvidence): number {
  return Number(id.split('-')[0])
}

/** Dead letters of which UponAI may have the text all the same; of all other reasons it is known that it was not said. */
const MAY_BE_SAID: ReadonlySet<string> = new Set(['no_answer', 'outcome_unknown'])

/** Given up, and known not to have been said. */
export function isUnsaid({ letter }: Taken): boolean {
  return letter !== undefined && !MAY_BE_SAID.has(letter.reason)
}
