export type RefusalReason = 'invalid' | 'credentials' | 'forbidden' | 'unknown' | 'ended'

/** A request that UponAI turns down; each dialect has its own status for the reason. */
export class Refusal extends Error {
  readonly reason: RefusalReason

  constructor(reason: RefusalReason, message: string) {
    super(message)
    this.reason = reason
  }
}
