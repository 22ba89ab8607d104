const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/**
 * Whom a refusal is about, by Twilio's own words for its code. Nothing beyond it is held up or given up.
 * - `message`: what this message says or carries
 * - `person`: the recipient, whoever writes to them
 * - `pair`: this sender together with this recipient, or with the recipient's country
 * - `sender`: a number or Messaging Service of ours
 * - `account`: our account, or its settings
 * - `provider`: Twilio, a carrier or a channel
 */
export type Scope = 'message' | 'person' | 'pair' | 'sender' | 'account' | 'provider'

/**
 * What is done about an error of Twilio's:
 * - `later`: it may work later; tried again within bounds
 * - `permanent`: this message will never go through
 * - `number`: nor will any other one to this number, which is flagged
 * - `opt_out`: the person does not want messages of this sender, or must not get any
 * - `sender`: this sender cannot send until someone changes its settings; it pauses when a second recipient's message is refused
 * - `account`: the same for the whole account
 * - `unclear`: it may have been sent
 */
export type CodeClass = 'later' | 'permanent' | 'number' | 'opt_out' | 'sender' | 'account' | 'unclear'

export interface TwilioCode {
  scope: Scope
  class: CodeClass
  /** Why a message was not delivered, for the people who look at the conversation. */
  words: string
  /** Refused at once: how long the message is tried in all, from its own first refusal, ms. */
  patienceMs?: number
  /** The sender pauses for at most so long at a time, ms. */
  holdMs?: number
  /** The pause is about messages to numbers of this country only. */
  holdsFor?: 'US'
  /** What shows that nothing is in the sender's way any more: until then one message at a time goes ahead. Absent: the pause's end. */
  endsWith?: 'taken' | 'delivered'
  /** Told by a status callback, so that it is certain that nobody got it: sent again so often, after a pause (ms). */
  again?: { times: number; after: number | 'next_pacific_day' }
  /** So many failures without a delivery between them flag the number. */
  flagAfter?: number
  /** Someone should look: a warning in the log, an error where it is about a sender or the account. */
  alert?: boolean
}

export type CodeRow = readonly [code: number, entry: TwilioCode]

type More = Partial<Omit<TwilioCode, 'scope' | 'class' | 'words'>>

export const later = (code: number, scope: Scope, words: string, more: More = {}): CodeRow => [
  code,
  { scope, class: 'later', words, ...more },
]

export const permanent = (code: number, scope: Scope, words: string, more: More = {}): CodeRow => [
  code,
  { scope, class: 'permanent', words, ...more },
]

export const number = (code: number, words: string): CodeRow => [
  code,
  { scope: 'person', class: 'number', words, flagAfter: 1 },
]

export const optOut = (code: number, words: string): CodeRow => [code, { scope: 'pair', class: 'opt_out', words }]

export const sender = (code: number, words: string, more: More = {}): CodeRow => [
  code,
  {
    scope: 'sender',
    class: 'sender',
    words,
    patienceMs: 5 * MINUTE,
    holdMs: MINUTE,
    endsWith: 'taken',
    alert: true,
    ...more,
  },
]

export const account = (code: number, words: string): CodeRow => [
  code,
  { scope: 'account', class: 'account', words, alert: true },
]

export const unclear = (code: number, words: string): CodeRow => [code, { scope: 'provider', class: 'unclear', words }]

/** Something to mend, besides the message that failed. */
export const ALERT = { alert: true } as const

export { HOUR, MINUTE, SECOND }
