/** What can happen to somebody, or to a process. */
export type Kind = 'writes' | 'hears' | 'trouble' | 'waits' | 'mended' | 'closed' | 'starts' | 'dies'

export interface Happening {
  /** Milliseconds since the beginning. */
  at: number
  who: string
  /** `web`, `sms`, or empty for a process. */
  channel: string
  kind: Kind
  text: string
}

/** What is known of a moment is complete after so long: the sandbox's history is looked at several times a second. */
const settlingMs = 300

/** All that happened, told to one listener in the order in which it happened, a moment later. */
export class Journal {
  readonly happenings: Happening[] = []
  readonly #tell: (happening: Happening) => void
  readonly #telling: NodeJS.Timeout
  #told = 0
  #began = Date.now()

  constructor(tell: (happening: Happening) => void) {
    this.#tell = tell
    this.#telling = setInterval(() => this.#tellUntil(Date.now() - settlingMs), settlingMs / 3)
  }

  /** The clock starts when the first word is said, not when the first process is started. */
  begin(): void {
    this.#began = Date.now()
  }

  /** @param time milliseconds since 1970; now, if it is left out */
  note(who: string, channel: string, kind: Kind, text: string, time = Date.now()): void {
    const at = Math.max(0, time - this.#began)
    const later = this.happenings.findIndex((other, i) => i >= this.#told && other.at > at)
    const place = later === -1 ? this.happenings.length : later
    this.happenings.splice(place, 0, { at, who, channel, kind, text })
  }

  /** What somebody heard, in order. */
  heardBy(who: string): string[] {
    return this.happenings.filter((it) => it.who === who && it.kind === 'hears').map(({ text }) => text)
  }

  /** Tells what is left so far. */
  flush(): void {
    this.#tellUntil(Date.now())
  }

  close(): void {
    clearInterval(this.#telling)
    this.flush()
  }

  #tellUntil(time: number): void {
    for (let next = this.happenings[this.#told]; next && next.at + this.#began <= time; ) {
      this.#tell(next)
      this.#told++
      next = this.happenings[this.#told]
    }
  }
}
