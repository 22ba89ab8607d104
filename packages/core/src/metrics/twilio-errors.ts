import { Counter, type Registry } from 'prom-client'

/** Codes without a rule that get a label of their own; what comes beyond is counted as `other`. */
const MOST_UNKNOWN = 50

/** Counts messages that Twilio rejected, or did not deliver, by its code. */
export class TwilioErrors {
  readonly #counter
  readonly #unknown = new Set<number>()

  constructor(registry: Registry) {
    this.#counter = new Counter({
      name: 'chatlane_twilio_errors_total',
      help: 'Messages that Twilio rejected (worker) or did not deliver (api), by its code. known false: Chatlane has no rule for the code, see the log and docs/twilio.md; the 51st such code of a process and those after it are other.',
      labelNames: ['code', 'known'],
      registers: [registry],
    })
  }

  count(code: number, isKnown: boolean): void {
    if (!isKnown && this.#unknown.size < MOST_UNKNOWN) this.#unknown.add(code)
    const label = isKnown || this.#unknown.has(code) ? String(code) : 'other'
    this.#counter.inc({ code: label, known: String(isKnown) })
  }
}
