import type { SentMessage } from '../message.ts'
import { type Matched, matchEchoes, matchInTurn, type Own, type Reply } from './answers.ts'
import { type Checked, type Ending, type Evidence, endings, type Finding, type FindingKind } from './evidence.ts'
import { inOrder } from './in-order.ts'

/**
 * Holds one conversation against what was sent to it: everything accepted is there once and in order, has an end, and its answer
 * behind it, in order; nothing else is there.
 * @param expectEcho the answer to t is `echo: t`; without it they are taken in the order in which they come: one that is
 *   missing or doubled beside others cannot be seen
 */
export function checkConversation(evidence: Evidence, expectEcho: boolean): Checked {
  const { sent, person } = evidence
  const accepted = sent.filter(({ outcome }) => outcome === 'accepted')
  const findings: Finding[] = []
  const find = (kind: FindingKind, message: string | null, detail: string) => {
    findings.push({ kind, person, conversation: evidence.conversationId ?? null, message, detail })
  }
  const checked: Checked = { findings, ended: noneEnded(), waiting: accepted.length, unclearThere: 0, answers: [] }
  if (typeof evidence.items === 'string') {
    if (accepted.length > 0) find('not_checked', null, `${accepted.length} messages: ${evidence.items}`)
    return checked
  }

  // A number may have been used in an earlier run: what came before this one's first message is not this one's.
  const texts = new Set(sent.map(({ text }) => text))
  const begin = evidence.items.findIndex(({ role, text }) => role === 'user' && texts.has(text))
  const items = begin === -1 ? [] : evidence.items.slice(begin)
  const own = findOwn(sent, items, find)
  checked.unclearThere = own.filter(({ message }) => message.outcome === 'unclear').length
  checked.waiting += checked.unclearThere
  for (const { item } of misplaced(own.filter(({ message }) => message.outcome === 'accepted')))
    find('out_of_order', item.id, 'expected it in the order in which the messages were accepted')
  for (const item of items)
    if (item.role === 'user' && !texts.has(item.text)) find('unexpected', item.id, 'nobody wrote this message here')

  const matched = expectEcho ? matchEchoes(own, items) : matchInTurn(own, items)
  for (const one of own) judgeEnd(one, matched, checked, find)
  judgeAnswers(matched, find)
  return checked
}

type Find = (kind: FindingKind, message: string | null, detail: string) => void

function findOwn(sent: readonly SentMessage[], items: Extract<Evidence['items'], readonly unknown[]>, find: Find) {
  return sent.flatMap((message): Own[] => {
    const found = [...items.entries()].filter(([, { role, text }]) => role === 'user' && text === message.text)
    const [first, ...more] = found.map(([place, item]) => ({ message, item, place }))
    if (!first) {
      if (message.outcome === 'accepted') find('lost', message.messageId ?? null, 'accepted, and not in the ledger')
      return []
    }
    const { id } = first.item
    for (const { item } of more) find('doubled', item.id, `the message ${id} once more`)
    if (message.outcome === 'refused') find('unexpected', id, `refused with ${message.status}, and there all the same`)
    if (message.messageId !== undefined && message.messageId !== id)
      find('unexpected', id, `accepted as ${message.messageId}`)
    return [first]
  })
}

function judgeEnd(one: Own, { replies }: Matched, checked: Checked, find: Find): void {
  const { item, message, place } = one
  const answers = replies.get(one) ?? []
  const [first, ...more] = answers
  for (const { item: again } of more) find('doubled', again.id, `the answer to ${item.id} once more`)
  const ending = endings.find((end) => end === item.status)
  if (ending === undefined) {
    find('unanswered', item.id, `expected an end, it is ${item.status}`)
    return
  }
  checked.ended[ending]++
  if (message.outcome !== 'refused') checked.waiting--
  if (ending !== 'answered') {
    if (first) find('unexpected', first.item.id, `${item.id} is ${ending} (${item.reason ?? 'no reason'}) and answered`)
  } else if (!first) {
    find('unanswered', item.id, 'it is said to be answered, but there is no answer to it')
  } else {
    if (first.place < place) find('out_of_order', first.item.id, `the answer to ${item.id} stands before it`)
    checked.answers.push({ message, afterMs: Math.max(0, first.item.at - item.at) })
  }
}

function judgeAnswers({ replies, strangers }: Matched, find: Find): void {
  const firsts = [...replies.values()].flatMap(([first]): Reply[] => (first ? [first] : []))
  // One answer to several messages is at one place.
  const different = firsts.filter(({ place }, n) => place !== firsts[n - 1]?.place)
  for (const { item } of misplaced(different))
    find('out_of_order', item.id, 'expected answers in the order of their questions')
  for (const { id, text } of strangers) {
    if (text.startsWith('echo: ')) find('wrong_answer', id, 'it answers nothing that was said in this conversation')
    else find('unexpected', id, 'no answer of an agent that echoes')
  }
}

function misplaced<T extends { place: number }>(list: readonly T[]): T[] {
  const kept = inOrder(list.map(({ place }) => place))
  return list.filter((_, n) => !kept[n])
}

export function noneEnded(): Record<Ending, number> {
  return { answered: 0, failed: 0, dropped: 0, moved: 0, handed_off: 0 }
}
