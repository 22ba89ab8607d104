import { type Answer, isOutage, serverError } from './doors.ts'

interface Redelivery {
  /** When, ms. */
  at: number
  send: () => Promise<Answer>
}

const lookEveryMs = 200

/** Accepted messages that are sent again, soon or late, as providers and clients do whose answer got lost. */
export class Redeliveries {
  /** Repeats that were answered: nothing came of them, or the run's verdict tells. */
  answered = 0
  readonly #onRefused: (what: string) => void
  readonly #timer: NodeJS.Timeout
  #waiting: Redelivery[] = []

  /** @param onRefused told of repeats that were taken for something else */
  constructor(onRefused: (what: string) => void) {
    this.#onRefused = onRefused
    this.#timer = setInterval(() => this.#sendDue(), lookEveryMs)
  }

  add(redelivery: Redelivery): void {
    this.#waiting.push(redelivery)
  }

  /** What is not due yet is not sent any more. */
  close(): void {
    clearInterval(this.#timer)
  }

  #sendDue(): void {
    const now = Date.now()
    const due = this.#waiting.filter(({ at }) => at <= now)
    this.#waiting = this.#waiting.filter(({ at }) => at > now)
    for (const { send } of due) void this.#send(send)
  }

  async #send(send: Redelivery['send']): Promise<void> {
    const answer = await send()
    // The one who repeats does not have to know of an outage; a wrong 5xx is told by the door.
    if (isOutage(answer) || serverError(answer) !== undefined) return
    this.answered++
    const { status = 0 } = answer
    if (status >= 300) this.#onRefused(`an accepted message was repeated: expected its 2xx again, got ${status}`)
  }
}
