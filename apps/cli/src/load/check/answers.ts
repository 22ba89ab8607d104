import type { SentMessage } from '../message.ts'
import type { LedgerItem } from './evidence.ts'

/** A message of ours that is in the ledger. */
export interface Own {
  message: SentMessage
  item: LedgerItem
  /** Among the items. */
  place: number
}

export interface Reply {
  item: LedgerItem
  place: number
}

export interface Matched {
  /** Every message, with what answers it; more than one where it was answered twice. */
  replies: Map<Own, Reply[]>
  /** Texts of the agent that answer nothing that was said here. */
  strangers: LedgerItem[]
}

const ECHO = 'echo: '

/** An answer names its question: `echo: t` answers t, and `echo: t⏎u` both, where messages are gathered. */
export function matchEchoes(own: readonly Own[], items: readonly LedgerItem[]): Matched {
  const replies = new Map<Own, Reply[]>(own.map((one) => [one, []]))
  const byText = new Map(own.map((one) => [one.message.text, one]))
  const strangers: LedgerItem[] = []
  for (const [place, item] of items.entries()) {
    if (item.role !== 'agent') continue
    const said = item.text.startsWith(ECHO) ? item.text.slice(ECHO.length).split('\n') : []
    const asked = said.flatMap((text) => byText.get(text) ?? [])
    for (const one of asked) replies.get(one)?.push({ item, place })
    if (asked.length === 0) strangers.push(item)
  }
  return { replies, strangers }
}

/**
 * Where answers do not name their questions they are taken in the order in which they come, one for each message that says that
 * it is answered. Those that are left over, because several got one answer, share the last one behind them.
 */
export function matchInTurn(own: readonly Own[], items: readonly LedgerItem[]): Matched {
  const replies = new Map<Own, Reply[]>(own.map((one) => [one, []]))
  const byPlace = new Map(own.map((one) => [one.place, one]))
  const waiting: Own[] = []
  let last: Reply | undefined
  for (const [place, item] of items.entries()) {
    const one = byPlace.get(place)
    if (one?.item.status === 'answered') waiting.push(one)
    if (item.role !== 'agent') continue
    last = { item, place }
    const first = waiting.shift()
    if (first) replies.set(first, [last])
  }
  for (const one of waiting) if (last && last.place > one.place) replies.set(one, [last])
  return { replies, strangers: [] }
}
