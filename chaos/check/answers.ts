import type { LedgerEvidence } from '../evidence.ts'
import { compare } from './compare.ts'
import type { Case, SomeFindings } from './findings.ts'
import { type Taken, writtenAt } from './taken.ts'
import type { PersonView } from './views.ts'

/** What the sandbox's agents answer to every text; greetings and our own texts do not begin like that. */
const ECHO = 'echo: '

/**
 * The replies in the ledger, laid beside what was taken in: one per message, the right one, in order. What still waits is
 * named as well.
 * @param lost messages that are known to be lost: that they have no answer says nothing new
 */
export function checkAnswers(view: PersonView, lost: ReadonlySet<Taken>): SomeFindings {
  const { person, taken, chats, said } = view
  const replies = person.ledger.flatMap((entry) =>
    entry.role === 'agent' && entry.text.startsWith(ECHO) ? [{ text: entry.text.slice(ECHO.length), entry }] : [],
  )
  const { met, moved, extra } = compare(taken, replies, { weightOf, anyPlace: ({ anyPlace }) => anyPlace })
  const answered = new Set([...met, ...moved].map(({ expected }) => expected))

  const about = (text: string) => ({ person: person.name, text })
  const chatIdsOf = (text: string) => [...new Set(said.flatMap((each) => (each.text === text ? [each.chatId] : [])))]
  const faulty = (entry: LedgerEvidence, text: string, expected: string, seen: string): Case => ({
    ...about(text),
    expected,
    seen: `${seen} (${entry.id})`,
    chatIds: chatIdsOf(text),
    at: writtenAt(entry),
  })

  const neverAnswered = taken.filter((one) => {
    if (one.source === 'extra' || one.entry === undefined || one.waits || one.letter || lost.has(one)) return false
    return one.entry.status !== 'answered' || !answered.has(one)
  })
  const waiting = taken.filter(({ waits }) => waits)
  const unnamed = person.pending - waiting.length
  return {
    never_answered: neverAnswered.map((one) => ({
      ...about(one.text),
      expected: `answered, with ${JSON.stringify(ECHO + one.text)} in the ledger`,
      seen: `${one.entry?.status} in the ledger (${one.entry?.id}), ${answered.has(one) ? 'with its reply' : 'no reply to it'}`,
      chatIds: chatIdsOf(one.text),
      ...(one.entry && { at: writtenAt(one.entry) }),
    })),
    answers: [
      ...extra.map(({ entry, text }) =>
        faulty(entry, text, 'one reply per message', 'a reply to no message, or a second one'),
      ),
      ...[...met, ...moved]
        .filter(({ expected }) => expected.letter !== undefined)
        .map(({ seen: { entry, text } }) =>
          faulty(entry, text, 'answered or a dead letter, not both', 'a reply to a dead letter'),
        ),
      ...moved
        .filter(({ expected }) => expected.source !== 'extra')
        .map(({ seen: { entry, text } }) =>
          faulty(entry, text, 'replies in the order of the messages', 'a reply at another place'),
        ),
    ],
    pending: [
      ...waiting.map((one) => ({
        ...about(one.text),
        expected: 'answered or given up when the run is over',
        seen: `still in the lane (${one.entry?.id})`,
        chatIds: chatIdsOf(one.text),
        ...(one.entry && { at: writtenAt(one.entry) }),
      })),
      ...(unnamed > 0
        ? [
            {
              person: person.name,
              expected: 'an empty lane when the run is over',
              seen: `${unnamed} in the lane that the ledger has not as queued`,
              chatIds: chats.map(({ chat_id }) => chat_id),
            },
          ]
        : []),
    ],
  }
}

/** Of equal texts the ones that say that they are answered get the replies first, those that were given up last. */
function weightOf({ source, waits, letter, entry }: Taken): number {
  if (source === 'extra' || letter) return 1
  if (waits || (entry && entry.status !== 'answered')) return 1_000
  return 1_000_000
}
