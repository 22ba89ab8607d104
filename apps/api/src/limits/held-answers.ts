import type { ServerResponse } from 'node:http'
import { unavailable } from '../problems.ts'

export interface HeldAnswersOptions {
  /** Bytes that may wait to be taken, in all and by one address. */
  mostBytes: number
  ofOneAddress: number
  /** An answer that was not taken for so long makes room for a new one, ms. */
  yieldsAfterMs: number
}

const OPTIONS: HeldAnswersOptions = {
  mostBytes: 64 * 1024 * 1024,
  ofOneAddress: 16 * 1024 * 1024,
  yieldsAfterMs: 1_000,
}

interface Held {
  response: ServerResponse
  address: string
  bytes: number
  since: number
}

/**
 * Answers to participants that lie in memory until their readers take them. Who asks for one after the other and takes nothing
 * loses the oldest, not others theirs.
 */
export class HeldAnswers {
  readonly #options: HeldAnswersOptions
  /** The oldest first. */
  readonly #held = new Set<Held>()

  constructor(options: Partial<HeldAnswersOptions> = {}) {
    this.#options = { ...OPTIONS, ...options }
  }

  /**
   * Counts an answer that is about to be sent, until it is taken or its connection is gone.
   * @throws Problem `unavailable` when there is no room, and nobody who has had the time to take what is there
   */
  hold(response: ServerResponse, address: string, bytes: number): void {
    const { mostBytes, ofOneAddress } = this.#options
    this.#makeRoom(ofOneAddress - bytes, (one) => one.address === address)
    this.#makeRoom(mostBytes - bytes, () => true)
    const held = { response, address, bytes, since: Date.now() }
    this.#held.add(held)
    response.once('close', () => this.#held.delete(held))
  }

  #makeRoom(most: number, counts: (one: Held) => boolean): void {
    const those = [...this.#held].filter(counts)
    let bytes = those.reduce((sum, one) => sum + one.bytes, 0)
    for (const one of those) {
      if (bytes <= most) return
      if (Date.now() - one.since < this.#options.yieldsAfterMs) break
      this.#held.delete(one)
      one.response.destroy()
      bytes -= one.bytes
    }
    if (bytes > most && bytes > 0) throw unavailable('too many answers wait to be taken', 'reads')
  }
}
