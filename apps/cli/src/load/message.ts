/** A message as its sender knows it. Times in ms since the start of the run, on this machine's clock. */
export interface SentMessage {
  text: string
  /** When it was to be sent, whatever held it up. */
  plannedAt: number
  /** `unclear`: no answer, or a 5xx, and given up: it may have been taken. */
  outcome: 'accepted' | 'refused' | 'unclear'
  /** When the answer was there. */
  settledAt: number
  /** Of the last answer; undefined: there was none. */
  status: number | undefined
  /** Where the answer names it. */
  messageId?: string
}
