import type { HistoryEntry, TrueChat } from '@chatlane/sandbox'

/** What a chaos run knows when it is over: what the senders were told, what the providers truly have, what Chatlane says. */
export interface Evidence {
  people: Person[]
  /** UponAI's chats as they truly are. */
  chats: TrueChat[]
  /** All that reached the providers and all that they sent, in order. */
  history: HistoryEntry[]
  deadLetters: DeadLetterEvidence[]
  /** So long after a call of ours began nobody is at it any more, ms: UPONAI_COMPLETION_TIMEOUT_MS and the time that is waited on top. */
  graceMs: number
}

/** One simulated person, and the conversation with them. */
export interface Person {
  /** Names the person in reports. */
  name: string
  channel: 'web' | 'sms'
  /** A phone number; absent on the web. */
  address?: string
  /** Undefined when nothing of theirs was ever accepted. */
  conversationId?: string
  /** In the order in which they were accepted: a person sends the next one when the one before is accepted. */
  accepted: AcceptedMessage[]
  /** Given up without a 2xx. It may be stored all the same: neither its presence nor its absence is a fault. */
  unclear: string[]
  /** The conversation's ledger through the API, oldest first. */
  ledger: LedgerEvidence[]
  /** When the ledger was asked for, ms: what comes in later cannot be in it. */
  ledgerAt: number
  /** Unanswered messages at the end. */
  pending: number
  status: 'open' | 'closed'
  /** Its route closes chats for silence, and the run waited for that. */
  closes: boolean
  /** The chat that the API names as the conversation's; absent when it has none. */
  chatId?: string
}

export interface AcceptedMessage {
  text: string
  /** When the 2xx was read, ms. */
  at: number
}

/** An item of `GET /v1/conversations/{id}/messages`. */
export interface LedgerEvidence {
  id: string
  role: 'user' | 'agent' | 'system'
  text: string
  status: string
  reason?: string
}

export interface DeadLetterEvidence {
  conversationId: string
  /** The ledger id of the message; absent for an item that is no message. */
  messageId?: string
  /** `message`, `open`, `close`, `end`, `delivery`. */
  kind: string
  text?: string
  reason: string
}
