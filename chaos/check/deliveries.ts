import type { LedgerEvidence } from '../evidence.ts'
import { compare } from './compare.ts'
import { type Case, type SomeFindings, timeOf } from './findings.ts'
import { writtenAt } from './taken.ts'
import type { PersonView } from './views.ts'

/** States of which Twilio surely has the message. */
const TAKEN_BY_TWILIO: ReadonlySet<string> = new Set(['sent', 'delivered', 'undelivered', 'read'])

interface Outgoing {
  text: string
  entry: LedgerEvidence
}

/**
 * What the ledger says was sent by SMS, laid beside what Twilio took for the person's number. A message of which nobody can
 * say may be there or not, once; one that failed may not, for the carrier of these runs takes whatever Twilio took. Texts fit into one SMS message of Twilio's (1,600 characters).
 */
export function checkDeliveries({ person, sends }: PersonView): SomeFindings {
  // Without a conversation that anybody was told of there is no ledger to compare with.
  if (person.channel !== 'sms' || person.conversationId === undefined) return {}
  const outgoing = person.ledger.flatMap((entry) => (entry.role === 'user' ? [] : [{ text: entry.text, entry }]))
  const taken = sends.map((send) => ({ text: send.body ?? '', send }))
  const { met, moved, missing, extra } = compare(outgoing, taken, { weightOf, anyPlace: (one) => !isSurelyTaken(one) })

  const to = person.address ?? ''
  const about = ({ text, entry }: Outgoing) => ({
    person: person.name,
    text,
    chatIds: [],
    at: writtenAt(entry),
  })
  const withStatus = (...statuses: string[]) => outgoing.filter(({ entry }) => statuses.includes(entry.status))
  const asListed = (one: Outgoing, expected: string): Case => ({
    ...about(one),
    expected,
    seen: `${one.entry.status} in the ledger (${one.entry.id})${one.entry.reason === undefined ? '' : `: ${one.entry.reason}`}`,
  })
  return {
    deliveries_lost: [
      ...missing.filter(isSurelyTaken).map((one) => ({
        ...about(one),
        expected: `taken by Twilio for ${to}: it is ${one.entry.status} in the ledger (${one.entry.id})`,
        seen: 'Twilio does not have it',
      })),
      ...withStatus('queued').map((one) => asListed(one, 'sent, or given up, when the run is over')),
    ],
    given_up_but_done: met
      .filter(({ expected }) => expected.entry.status === 'failed')
      .map(({ expected, seen: { send } }) => ({
        ...asListed(expected, `not taken by Twilio for ${to}: it is failed in the ledger`),
        seen: `Twilio took it, as ${send.sid ?? 'unnamed'} at ${timeOf(send.at)}`,
      })),
    deliveries_doubled: extra.map(({ text, send }) => ({
      person: person.name,
      text,
      expected: `sent to ${to} ${outgoing.filter((one) => one.text === text).length} times at most`,
      seen: `once more, as ${send.sid ?? 'unnamed'} at ${timeOf(send.at)}`,
      chatIds: [],
      at: send.at,
    })),
    deliveries_out_of_order: moved.map(({ expected, seen: { send } }) => ({
      ...about(expected),
      expected: `sent to ${to} at its place in the ledger (${expected.entry.id})`,
      seen: `sent at another place, as ${send.sid ?? 'unnamed'} at ${timeOf(send.at)}`,
      at: send.at,
    })),
    deliveries_unknown: withStatus('unknown').map((one) => asListed(one, 'sent once, or not at all')),
    deliveries_failed: withStatus('failed', 'undelivered').map((one) => asListed(one, 'brought to the person')),
  }
}

/** Of equal texts those that failed are met last. */
function weightOf({ entry }: Outgoing): number {
  return entry.status === 'failed' ? 0.5 : 1
}

function isSurelyTaken({ entry }: Outgoing): boolean {
  return TAKEN_BY_TWILIO.has(entry.status)
}
