/** The first pause before a new connection, and the longest. */
const FIRST_MS = 50
const LONGEST_MS = 3_000

/** After so long without a further try the next trouble is a new one. */
const CALM_MS = 15_000

/**
 * The pauses between a process's tries to connect. They are of all its connections together, as these go and come with one
 * Redis, and a connection that is made and then refused at once begins no new series: only calm does.
 */
export class BackOff {
  #pauseMs = 0
  #began = Number.NEGATIVE_INFINITY

  /** The pause before the next try of one connection, ms, spread so that many do not come back together. */
  next(): number {
    const now = Date.now()
    const passed = now - this.#began
    if (passed > this.#pauseMs + CALM_MS) this.#begin(FIRST_MS, now)
    // Else it is another connection's try of the same round.
    else if (passed >= this.#pauseMs) this.#begin(Math.min(this.#pauseMs * 2, LONGEST_MS), now)
    return this.#pauseMs * (0.75 + Math.random() / 2)
  }

  #begin(pauseMs: number, now: number): void {
    this.#pauseMs = pauseMs
    this.#began = now
  }
}
