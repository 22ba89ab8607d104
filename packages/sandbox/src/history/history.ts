import type { HistoryEntry, HistoryKind } from './entries.ts'

/** What every new entry starts with. */
interface Beginning {
  seq: number
  at: number
  answered_at: null
  status: null
  outcome: 'pending'
}

/**
 * All that reached the sandbox and all that it sent, numbered in order of arrival. An entry is added when it begins and
 * filled in when it ends. Beyond `limit` entries the oldest are dropped and counted.
 */
export class History {
  readonly #limit: number
  #entries: HistoryEntry[] = []
  #last = 0
  #dropped = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get last(): number {
    return this.#last
  }

  get dropped(): number {
    return this.#dropped
  }

  begin(): Beginning {
    this.#last += 1
    return { seq: this.#last, at: Date.now(), answered_at: null, status: null, outcome: 'pending' }
  }

  add(entry: HistoryEntry): void {
    this.#entries.push(entry)
    // Dropping in large steps keeps the cost per entry small.
    const surplus = this.#entries.length - this.#limit
    if (surplus > Math.max(1000, this.#limit / 10)) {
      this.#entries = this.#entries.slice(surplus)
      this.#dropped += surplus
    }
  }

  /** Entries with a number above `after`, oldest first. */
  since(after: number, kind: HistoryKind | undefined, limit: number): HistoryEntry[] {
    const start = Math.max(0, after - this.#dropped)
    if (kind === undefined) return this.#entries.slice(start, start + limit)
    const found: HistoryEntry[] = []
    for (let i = start; i < this.#entries.length && found.length < limit; i += 1) {
      const entry = this.#entries[i]
      if (entry?.kind === kind) found.push(entry)
    }
    return found
  }

  clear(): void {
    this.#entries = []
    this.#last = 0
    this.#dropped = 0
  }
}
