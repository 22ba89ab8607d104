/** Enough for Redis to be asked many things in one go. */
const MOST = 64
/** Longer than a turn takes that only computes and asks a near Redis. */
const MOST_MS = 100

/**
 * Lets few turns at a time be between their beginning and what they first ask of UponAI. Of thousands that begin together each
 * would be half done when the first could have been sent: `pnpm bench --rows 6` was a third slower. A turn that is held up (by a
 * Redis that is far away) gives its place back after {@link MOST_MS}.
 */
export class Beginnings {
  #free = MOST
  readonly #waiting: (() => void)[] = []

  /** Resolves when a turn may begin; what it gives is called when the turn has come so far, or is over. */
  async take(): Promise<() => void> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    let held = true
    const release = () => {
      if (!held) return
      held = false
      clearTimeout(timer)
      this.#give()
    }
    const timer = setTimeout(release, MOST_MS)
    return release
  }

  #give(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free++
  }
}
