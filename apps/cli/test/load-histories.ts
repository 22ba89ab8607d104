import fc from 'fast-check'
import type { FindingKind, LedgerItem } from '../src/load/check/evidence.ts'
import type { SentMessage } from '../src/load/message.ts'

export interface History {
  person: string
  conversationId: string
  sent: SentMessage[]
  items: LedgerItem[]
}

type End = 'answered' | 'failed' | 'dropped'

/** Conversations in which all went well: messages overtake answers, some are given up or dropped, the system says a word. */
export const goodHistory: fc.Arbitrary<History> = fc
  .record({
    ends: fc.array(fc.constantFrom<End>('answered', 'answered', 'answered', 'failed', 'dropped'), {
      minLength: 2,
      maxLength: 12,
    }),
    /** Before each answer, so many more messages come in. */
    ahead: fc.array(fc.nat(3), { minLength: 12, maxLength: 12 }),
    system: fc.boolean(),
  })
  .map(({ ends, ahead, system }) => {
    const items: LedgerItem[] = []
    const add = (role: LedgerItem['role'], text: string, status: string) => {
      const n = items.length + 1
      items.push({ id: `${n * 100}-0`, role, text, status, at: n * 100 })
    }
    let written = 0
    const write = (upTo: number) => {
      for (; written < Math.min(upTo, ends.length); written++) add('user', `t${written}`, ends[written] ?? 'answered')
    }
    for (const [n, end] of ends.entries()) {
      write(n + 1 + (ahead[n] ?? 0))
      if (end === 'answered') add('agent', `echo: t${n}`, 'delivered')
      if (end === 'failed' && system) add('system', 'Sorry, that went wrong.', 'delivered')
    }
    const sent = ends.map(
      (_, n): SentMessage => ({
        text: `t${n}`,
        plannedAt: n,
        outcome: 'accepted',
        settledAt: n,
        status: 202,
      }),
    )
    return { person: 'web1', conversationId: 'c0_1', sent, items }
  })

export interface Damage {
  /** Damages the items; false when there is nothing to damage like this. */
  damage: (items: LedgerItem[], n: number) => boolean
  kind: FindingKind
  /** Only answers that name their questions can show it. */
  echoOnly?: true
}

const placesOf = (items: readonly LedgerItem[], fits: (item: LedgerItem) => boolean) =>
  [...items.entries()].flatMap(([place, item]) => (fits(item) ? [place] : []))
const pick = (places: readonly number[], n: number) => places[n % Math.max(1, places.length)]
const isUser = ({ role }: LedgerItem) => role === 'user'
const isAgent = ({ role }: LedgerItem) => role === 'agent'

export const damages: Record<string, Damage> = {
  'a message that is not there': {
    kind: 'lost',
    damage: (items, n) => removed(items, pick(placesOf(items, isUser), n)),
  },
  'a message that is there twice': {
    kind: 'doubled',
    damage: (items, n) => copied(items, pick(placesOf(items, isUser), n)),
  },
  'messages in another order': {
    kind: 'out_of_order',
    damage: (items, n) => exchanged(items, placesOf(items, isUser), n),
  },
  'an answer that is there twice': {
    kind: 'doubled',
    echoOnly: true,
    damage: (items, n) => copied(items, pick(placesOf(items, isAgent), n)),
  },
  'answers in another order': {
    kind: 'out_of_order',
    echoOnly: true,
    damage: (items, n) => exchanged(items, placesOf(items, isAgent), n),
  },
  'the answer of another conversation': {
    kind: 'wrong_answer',
    echoOnly: true,
    damage: (items, n) => changed(items, pick(placesOf(items, isAgent), n), { text: 'echo: something else' }),
  },
  'an answer before its question': {
    kind: 'out_of_order',
    echoOnly: true,
    damage(items, n) {
      const place = pick(placesOf(items, isAgent), n)
      const [answer] = place === undefined ? [] : items.splice(place, 1)
      const question = items.findIndex(({ text }) => `echo: ${text}` === answer?.text)
      // In front of the first message of all it would be taken for something from before.
      if (!answer || question < 1) return false
      items.splice(question, 0, answer)
      return true
    },
  },
  'an answer that is not there': {
    kind: 'unanswered',
    echoOnly: true,
    damage: (items, n) => removed(items, pick(placesOf(items, isAgent), n)),
  },
  'the last answers that are not there': {
    kind: 'unanswered',
    damage(items) {
      const last = items.findLastIndex(({ role, status }) => role === 'user' && status === 'answered')
      if (last === -1) return false
      items.splice(last + 1)
      return true
    },
  },
  'a message without an end': {
    kind: 'unanswered',
    damage: (items, n) => changed(items, pick(placesOf(items, isUser), n), { status: 'queued' }),
  },
  'an answer to what was given up': {
    kind: 'unexpected',
    echoOnly: true,
    damage(items, n) {
      const answered = placesOf(items, ({ role, status }) => role === 'user' && status === 'answered')
      return changed(items, pick(answered, n), { status: 'failed' })
    },
  },
  'a message that nobody wrote': {
    kind: 'unexpected',
    damage(items, n) {
      const place = pick(placesOf(items, isUser), n) ?? 0
      items.splice(place + 1, 0, { id: '1-1', role: 'user', text: 'who am I?', status: 'dropped', at: 1 })
      return true
    },
  },
  'a text of the agent that is no echo': {
    kind: 'unexpected',
    echoOnly: true,
    damage(items) {
      items.push({ id: '1-1', role: 'agent', text: 'By the way', status: 'delivered', at: 1 })
      return true
    },
  },
}

function removed(items: LedgerItem[], place: number | undefined): boolean {
  if (place === undefined) return false
  items.splice(place, 1)
  return true
}

function copied(items: LedgerItem[], place: number | undefined): boolean {
  const item = place === undefined ? undefined : items[place]
  if (!item) return false
  items.push({ ...item, id: `${item.id}1` })
  return true
}

function changed(items: LedgerItem[], place: number | undefined, change: Partial<LedgerItem>): boolean {
  const item = place === undefined ? undefined : items[place]
  if (!item) return false
  Object.assign(item, change)
  return true
}

/** Exchanges the texts of two neighbours among these. */
function exchanged(items: LedgerItem[], places: readonly number[], n: number): boolean {
  const at = places.length < 2 ? undefined : n % (places.length - 1)
  const first = items[places[at ?? -1] ?? -1]
  const second = items[places[(at ?? -1) + 1] ?? -1]
  if (at === undefined || !first || !second) return false
  const { text, status } = first
  Object.assign(first, { text: second.text, status: second.status })
  Object.assign(second, { text, status })
  return true
}
