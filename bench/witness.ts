/** What a side promises of the messages of a key; each message once is promised by all. */
export type Promised = 'nothing' | 'one at a time' | 'order'

/** Sees every message being handled and holds it against what a side promises. */
export class Witness {
  handled = 0
  readonly #keys: number
  readonly #promised: Promised
  readonly #times: Uint8Array
  readonly #next: Uint32Array
  readonly #busy: Uint8Array
  readonly #wrong: string[] = []
  #count: { until: number; reached: () => void } | undefined

  constructor(messages: number, keys: number, promised: Promised) {
    this.#keys = keys
    this.#promised = promised
    this.#times = new Uint8Array(messages)
    this.#next = new Uint32Array(keys)
    this.#busy = new Uint8Array(keys)
  }

  /** The handler of all sides: a no-op but for one microtask, without which two at once could never be seen. */
  async handle(text: string): Promise<void> {
    const index = Number.parseInt(text, 10)
    const key = index % this.#keys
    if (this.#times[index] !== 0) this.#report(`message ${index} came again, or is none of ours`)
    this.#times[index] = 1
    const place = Math.floor(index / this.#keys)
    if (this.#promised === 'order') {
      if (this.#next[key] !== place) this.#report(`key ${key}: message ${place} came when ${this.#next[key]} was next`)
      this.#next[key] = place + 1
    }
    if (this.#promised !== 'nothing' && this.#busy[key] !== 0)
      this.#report(`key ${key}: message ${place} came while another was being handled`)
    this.#busy[key] = 1
    await undefined
    this.#busy[key] = 0
    if (++this.handled === this.#count?.until) this.#count.reached()
  }

  /** Resolves when so many messages were handled since the beginning. */
  reached(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#count = { until: count, reached: resolve }
      if (this.handled >= count) resolve()
    })
  }

  /** What was wrong until now, in words; undefined if nothing was. */
  verdict(): string | undefined {
    const missing = this.#times.indexOf(0)
    const wrong = missing === -1 ? this.#wrong : [...this.#wrong, `message ${missing} was never handled`]
    if (wrong.length === 0) return undefined
    return `${wrong.length} faults, the first: ${wrong.slice(0, 3).join('; ')}`
  }

  #report(fault: string): void {
    this.#wrong.push(fault)
  }
}
