import type { FlaggedNumbers } from '../../conversations/flagged-numbers.ts'
import type { OptOuts, Pair } from '../../conversations/opt-outs.ts'
import type { SenderGate } from '../../deliveries/sender-gate.ts'
import type { Logger } from '../../logging/logger.ts'
import { tellCarrierOptOut } from '../../webhooks/carrier-opt-out.ts'
import type { WebhookLanes } from '../../webhooks/reports.ts'
import { codeOfReason, linkOfCode } from './codes.ts'

export interface ConsequencesParts {
  optOuts: OptOuts
  numbers: FlaggedNumbers
  gate: SenderGate
  /** The lanes of webhooks for the business. */
  webhooks: WebhookLanes
  logger: Logger
  /** Told of every failure that has a code. */
  onError: (code: number, isKnown: boolean) => void
}

/** A message that Twilio refused, or did not deliver. */
export interface Refused {
  /** The person's address. */
  to: string
  /** Who sent it, as its sender's gate knows it. */
  sender: string
  /** It stays in its lane, to be tried again. */
  waits: boolean
  pair: Pair
  conversation: string
  /** Its entry in the ledger. */
  message: string
  /** Names the failure. */
  once: string
}

/** US and Canadian numbers whose calls the owner pays; their carriers keep opt-outs themselves. */
const TOLL_FREE = /^\+1(800|833|844|855|866|877|888)\d{7}$/

/**
 * What a failure means beyond its one message: for the person, for the number, for the sender. The same whether Twilio said it
 * at once or by a status callback.
 * @see twilioCodes for what follows from which code
 */
export class Consequences {
  readonly #parts: ConsequencesParts

  constructor(parts: ConsequencesParts) {
    this.#parts = parts
  }

  async apply(reason: string, { to, sender, waits, pair, conversation, message, once }: Refused): Promise<void> {
    const { optOuts, numbers, gate, webhooks, logger, onError } = this.#parts
    const { code, entry } = codeOfReason(reason) ?? {}
    if (code === undefined) return
    onError(code, entry !== undefined)
    const line = { reason, from: sender, more: linkOfCode(code) }
    if (!entry) {
      logger.warn({ event: 'twilio_code_unknown', ...line }, 'Twilio rejected a message with a code that has no rule')
      return
    }
    if (entry.class === 'opt_out' || (code === 30004 && TOLL_FREE.test(sender))) {
      await optOuts.add(pair, 'carrier', message)
      // They may have opted in again since the message was queued.
      if (await optOuts.has(pair)) await tellCarrierOptOut(webhooks, { conversation, to, sender, message })
    }
    if (entry.flagAfter !== undefined) await numbers.flag(to, reason, once)
    if (entry.holdMs !== undefined) await gate.hold({ sender, to, ...(waits && { conversation }) }, reason, entry)
    else if (entry.alert)
      logger.warn(
        { event: 'message_refused', words: entry.words, ...line },
        'Twilio rejected a message; an operator has to act',
      )
  }

  /** A message of the sender's arrived. */
  async arrived(sender: string, to: string): Promise<void> {
    const { numbers, gate } = this.#parts
    await Promise.all([numbers.lift(to), gate.delivered({ sender, to })])
  }
}
