import { BulkheadRejectedError, bulkhead } from 'cockatiel'
import type { Caller } from '../auth/caller.ts'
import { unavailable } from '../problems.ts'

/** Reads of participants that are done at a time, and that wait for it. */
const AT_ONCE = 8
const WAITING = 200

/** Lets participants' reads in a few at a time, so that many of them hold up nobody else. */
export class ReadGate {
  readonly #bulkhead = bulkhead(AT_ONCE, WAITING)

  /** @throws Problem `unavailable` when too many wait */
  async pass<T>(caller: Caller, read: () => Promise<T>): Promise<T> {
    if (caller === 'server') return read()
    try {
      return await this.#bulkhead.execute(read)
    } catch (error) {
      if (error instanceof BulkheadRejectedError) throw unavailable('too many are reading', 'reads')
      throw error
    }
  }
}
