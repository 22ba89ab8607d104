import type { Response } from 'express'
import type { DrawnFault, FaultPlan, RequestFacts } from './faults/fault-plan.ts'
import type { Disturbance } from './faults/rules.ts'
import type { ServedEntry } from './history/entries.ts'
import type { Waits } from './waits.ts'

export interface Answer {
  status: number
  /** Sent as JSON, or as it is if these are bytes; left out for an answer without a body. */
  body?: unknown
  headers?: Record<string, string>
  /** Whether anything changed at the provider. */
  effect?: boolean
}

/** What the two providers do differently when a fault hits them. */
export interface ProviderForm {
  faultBody(status: number, message: string | undefined, code: number | undefined): unknown
  endChat?(): void
}

/** Waits out the drawn latency. */
export type Delay = () => Promise<unknown>

/**
 * One request on its way through the sandbox, from its history entry to its answer.
 * pending → answered (we answered it) or dropped (we or the caller closed the connection first). What was settled stays:
 * a caller who left does not stop the work, only the answer.
 */
export class Exchange {
  readonly entry: ServedEntry
  readonly #res: Response
  #onSettled: (() => void) | undefined

  constructor(entry: ServedEntry, res: Response) {
    this.entry = entry
    this.#res = res
    res.on('close', () => this.#settle('dropped', null))
  }

  /** Runs once, at the very moment of the answer or of the connection's end. */
  onSettled(callback: () => void): void {
    this.#onSettled = callback
  }

  answer(answer: Answer): void {
    if (this.entry.outcome !== 'pending') return
    // Settled before it is sent: the caller's next request must never find this one still in flight.
    this.#settle('answered', answer.status)
    this.#res.status(answer.status).set(answer.headers ?? {})
    if (answer.body === undefined) this.#res.end()
    else if (Buffer.isBuffer(answer.body)) this.#res.end(answer.body)
    else this.#res.json(answer.body)
  }

  drop(): void {
    this.#settle('dropped', null)
    this.#res.socket?.destroy()
  }

  /** Does the work under the faults in force and answers. */
  async run(
    facts: RequestFacts,
    machinery: { faults: FaultPlan; waits: Waits },
    form: ProviderForm,
    work: (delay: Delay) => Promise<Answer> | Answer,
  ): Promise<void> {
    const { fault, rule, delayMs }: DrawnFault = machinery.faults.draw(facts)
    this.entry.delay_ms = Math.round(delayMs)
    if (fault !== null) this.entry.fault = { rule, kind: fault.kind }
    if (fault?.kind === 'end-chat') form.endChat?.()
    else if (fault?.when === 'before') return this.#disturb(fault, machinery.waits, form)
    const answer = await work(() => machinery.waits.pause(delayMs))
    this.entry.effect = answer.effect === true
    if (fault !== null && fault.kind !== 'end-chat') return this.#disturb(fault, machinery.waits, form)
    this.answer(answer)
  }

  async #disturb(fault: Disturbance, waits: Waits, form: ProviderForm): Promise<void> {
    if (fault.kind === 'status') {
      const headers = fault.retry_after_s === undefined ? {} : { 'Retry-After': String(fault.retry_after_s) }
      this.answer({ status: fault.status, headers, body: form.faultBody(fault.status, fault.message, fault.code) })
      return
    }
    if (fault.kind === 'hang' && this.entry.outcome === 'pending') {
      const wait = waits.start(fault.ms)
      this.#res.on('close', wait.cut)
      await wait.over
    }
    this.drop()
  }

  #settle(outcome: 'answered' | 'dropped', status: number | null): void {
    if (this.entry.outcome !== 'pending') return
    this.entry.outcome = outcome
    this.entry.status = status
    this.entry.answered_at = Date.now()
    this.#onSettled?.()
  }
}
