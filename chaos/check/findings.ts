/** What must not be found: each kind is a promise that was broken. */
export const faultKinds = [
  /** Accepted, but neither said to UponAI nor a dead letter nor still waiting. */
  'lost',
  /** Accepted, but not in the conversation's ledger. */
  'missing_from_ledger',
  /** More often at UponAI (or in the ledger) than it was sent. */
  'doubled',
  /** Said to UponAI in another order than accepted. */
  'out_of_order',
  /** Given up as known not to have been said (or sent), and the provider has it. */
  'given_up_but_done',
  /** A chat that had two completions at once. */
  'overlapping',
  /** A completion that began when Chatlane knew that the chat was over. */
  'sent_into_ended',
  /** Said, but without its reply, and no dead letter. */
  'never_answered',
  /** Still in the lane at the end. */
  'pending',
  /** Replies in the ledger that answer nothing, come twice or in another order. */
  'answers',
  'deliveries_lost',
  'deliveries_doubled',
  'deliveries_out_of_order',
  /** Twilio's word on a message was taken, and the ledger says something else. */
  'deliveries_misreported',
  /** A conversation with a chat that should have been closed by now. */
  'not_closed',
  /** Something was said in the name of a conversation that is nobody's: a second one of a person's. */
  'unknown_conversation',
  /** A chat that was left open on the other side and is nobody's. */
  'orphan_chats',
] as const

/** What is no fault, but has to be shown. */
export const listedKinds = [
  'dead_letters',
  /** Nobody can say whether Twilio took it: it may have it or not. */
  'deliveries_unknown',
  /** Refused by Twilio, or not brought to the person. */
  'deliveries_failed',
  /** A completion that came just after the news of the chat's end, but may have begun before it. */
  'raced_with_end',
  /** A call whose caller was frozen or cut off: it was still open when the next one came, long after anyone was at it. */
  'left_open',
] as const

export type FaultKind = (typeof faultKinds)[number]
export type ListedKind = (typeof listedKinds)[number]
export type FindingKind = FaultKind | ListedKind

/** One thing that was found. */
export interface Case {
  /** The person's name; for what is no known person's, its conversation or chat. */
  person: string
  text?: string
  expected: string
  seen: string
  /** UponAI's chats that it is about. */
  chatIds: string[]
  /** When it happened, ms. */
  at?: number
}

export type Findings = Record<FindingKind, Case[]>

/** Findings of some kinds, as a check gives them. */
export type SomeFindings = Partial<Findings>

export function noFindings(): Findings {
  return {
    lost: [],
    missing_from_ledger: [],
    doubled: [],
    out_of_order: [],
    given_up_but_done: [],
    overlapping: [],
    sent_into_ended: [],
    never_answered: [],
    pending: [],
    answers: [],
    deliveries_lost: [],
    deliveries_doubled: [],
    deliveries_out_of_order: [],
    deliveries_misreported: [],
    not_closed: [],
    unknown_conversation: [],
    orphan_chats: [],
    dead_letters: [],
    deliveries_unknown: [],
    deliveries_failed: [],
    raced_with_end: [],
    left_open: [],
  }
}

export interface Verdict {
  ok: boolean
  /** The kinds of faults that were found. */
  broken: FaultKind[]
}

/** Ok when there is no fault; what is only listed does not count. */
export function verdictOf(findings: Findings): Verdict {
  const broken = faultKinds.filter((kind) => findings[kind].length > 0)
  return { ok: broken.length === 0, broken }
}

/** A time as it is written in cases: ISO 8601, UTC. */
export function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
