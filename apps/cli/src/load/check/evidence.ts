import type { SentMessage } from '../message.ts'

/** A message as `GET /v1/conversations/{id}/messages` has it. */
export interface LedgerItem {
  id: string
  role: 'user' | 'agent' | 'system'
  text: string
  status: string
  reason?: string | undefined
  /** Ms, on the clock of the deployment's Redis. */
  at: number
}

/** What there is to judge one person's conversation by. */
export interface Evidence {
  person: string
  conversationId: string | undefined
  /** In the order in which they were sent, one after the other. */
  sent: readonly SentMessage[]
  /** Oldest first; a string says why they could not be read. */
  items: readonly LedgerItem[] | string
}

/** In this order they are shown. */
export const findingKinds = [
  'lost',
  'doubled',
  'out_of_order',
  'wrong_answer',
  'unanswered',
  'unexpected',
  'not_checked',
] as const
export type FindingKind = (typeof findingKinds)[number]

/** Something that must not be. It names no text: a report may be shown to anybody. */
export interface Finding {
  kind: FindingKind
  person: string
  conversation: string | null
  /** The id of the message, where the ledger has it. */
  message: string | null
  detail: string
}

/** How a message may end. */
export const endings = ['answered', 'failed', 'dropped', 'moved', 'handed_off'] as const
export type Ending = (typeof endings)[number]

export interface Checked {
  findings: Finding[]
  /** Messages by their end. */
  ended: Record<Ending, number>
  /** Accepted messages that have not come to an end. */
  waiting: number
  /** Messages of unclear outcome that are there. */
  unclearThere: number
  answers: { message: SentMessage /** From the message in the ledger to its answer there, ms. */; afterMs: number }[]
}
