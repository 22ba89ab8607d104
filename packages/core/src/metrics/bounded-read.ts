import { setTimeout as passed } from 'node:timers/promises'

/** Well below the time after which a scrape is given up, and short enough for several reads side by side. */
const WITHIN_MS = 500

/**
 * A read for a scrape that must answer soon whatever happens to Redis. Whoever asks while one is under way shares it: with
 * Redis away, scrapes do not pile up commands that all wait for it.
 */
export class BoundedRead<T> {
  readonly #read: () => Promise<T>
  #underWay: Promise<T | undefined> | undefined

  constructor(read: () => Promise<T>) {
    this.#read = read
  }

  /** Undefined when the read fails, or does not come to its end within half a second. */
  async get(): Promise<T | undefined> {
    this.#underWay ??= this.#read()
      .catch(() => undefined)
      .finally(() => {
        this.#underWay = undefined
      })
    return Promise.race([this.#underWay, passed(WITHIN_MS, undefined, { ref: false })])
  }
}
