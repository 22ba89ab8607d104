import type { Text } from './align.ts'
import { compare, takeByText } from './compare.ts'
import { type Case, type SomeFindings, timeOf } from './findings.ts'
import { isUnsaid, type Taken, writtenAt } from './taken.ts'
import type { PersonView, Said } from './views.ts'

/** What was said to UponAI, laid beside what was taken in: lost, doubled, out of order, and not in the ledger. */
export function checkSaid(view: PersonView): SomeFindings & { lost: Case[]; lostOnes: ReadonlySet<Taken> } {
  const { person, taken, said, unclearLeft, chats } = view
  const { met, moved, missing, extra } = compare(taken, said, { weightOf, anyPlace: ({ anyPlace }) => anyPlace })
  const { taken: ofUnclear, rest: tooMany } = takeByText(extra, unclearLeft)
  // A text of unclear outcome may be the one that is there.
  const spare = takeByText(
    unclearLeft.map(asText),
    ofUnclear.map(({ text }) => text),
  ).rest
  const thereAllTheSame = met.filter(({ expected }) => isUnsaid(expected)).map((pair) => ({ ...pair, ...pair.seen }))
  const wronglyGivenUp = takeByText(
    thereAllTheSame,
    spare.map(({ text }) => text),
  ).rest

  const lostOnes = missing.filter(({ source, letter, waits }) => source !== 'extra' && !letter && !waits)
  const misplaced = moved.filter(({ expected }) => expected.source !== 'extra')
  const sent = (text: string) => taken.filter((each) => each.text === text && each.source !== 'extra').length
  const about = (text: string) => ({ person: person.name, text })
  const inChat = ({ chatId, at }: Said) => ({ chatIds: [chatId], at })

  const accepted = new Map(taken.map((one, place) => [one, place]))
  const neighbours = (one: Taken) => {
    const before = taken[(accepted.get(one) ?? 0) - 1]
    return before === undefined ? 'before all others' : `right after ${JSON.stringify(before.text)}`
  }
  const doubledInLedger = (one: Taken, inWhich: Said | undefined): Case => ({
    ...about(one.text),
    expected: `sent ${times(sent(one.text))}`,
    seen: inWhich
      ? `once more in the ledger (${one.entry?.id}), and said again at ${timeOf(inWhich.at)}`
      : `once more in the ledger (${one.entry?.id})`,
    ...(inWhich ? inChat(inWhich) : { chatIds: [] }),
  })

  return {
    lost: lostOnes.map((one) => ({
      ...about(one.text),
      expected: `said to UponAI ${neighbours(one)}, a dead letter, or waiting`,
      seen: one.entry ? `none of these; ${one.entry.status} in the ledger (${one.entry.id})` : 'none of these',
      chatIds: chats.map(({ chat_id }) => chat_id),
      ...atOf(one),
    })),
    missing_from_ledger: taken
      .filter(({ entry }) => entry === undefined)
      .map((one) => ({
        ...about(one.text),
        expected: 'an entry in the ledger',
        seen: 'none',
        chatIds: [],
        ...atOf(one),
      })),
    doubled: [
      ...tooMany.map((seen) => ({
        ...about(seen.text),
        expected: `said ${times(sent(seen.text))} at most`,
        seen: `said ${times(said.filter(({ text }) => text === seen.text).length)}, here at ${timeOf(seen.at)}`,
        ...inChat(seen),
      })),
      ...[...met, ...moved]
        .filter(({ expected }) => expected.source === 'extra')
        .map(({ expected, seen }) => doubledInLedger(expected, seen)),
      ...missing.filter(({ source }) => source === 'extra').map((one) => doubledInLedger(one, undefined)),
    ],
    given_up_but_done: wronglyGivenUp.map(({ expected: { text, letter }, seen }) => ({
      ...about(text),
      expected: `not said: it was given up with ${letter?.reason}`,
      seen: `said at ${timeOf(seen.at)}`,
      ...inChat(seen),
    })),
    out_of_order:
      misplaced.length > 0
        ? misplaced.map(({ expected, seen }) => ({
            ...about(expected.text),
            expected: `said ${neighbours(expected)}`,
            seen: `said ${behind(said, seen)}`,
            ...inChat(seen),
          }))
        : view.moved.map((one) => ({
            ...about(one.text),
            expected: `in the ledger ${neighbours(one)}`,
            seen: `elsewhere in the ledger (${one.entry?.id})`,
            chatIds: [],
            ...atOf(one),
          })),
    lostOnes: new Set(lostOnes),
  }
}

/** Of equal texts that one is to be missing that can be without fault, or that says that it is not answered. */
function weightOf(one: Taken): number {
  const { source, letter, waits, entry } = one
  if (isUnsaid(one)) return 0.5
  if (source === 'extra' || letter) return 1
  if (waits) return 1_000
  return entry?.status === 'answered' ? 1_000_001 : 1_000_000
}

function asText(text: string): Text {
  return { text }
}

function behind(said: readonly Said[], one: Said): string {
  const before = said[said.indexOf(one) - 1]
  return before === undefined ? 'before all others' : `right after ${JSON.stringify(before.text)}`
}

function atOf({ acceptedAt, entry }: Taken): { at?: number } {
  const at = acceptedAt ?? (entry && writtenAt(entry))
  return at === undefined ? {} : { at }
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}
