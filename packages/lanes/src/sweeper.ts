import { Auditor } from './auditor.ts'
import type { Lanes } from './lanes.ts'
import { defineLook } from './script.ts'

/** About how many lanes one call of the script looks at. */
const PAGE = 500

/** For how long the oldest head that a sweep found counts without another sweep, ms. */
const OLDEST_KEPT_MS = 30_000

export interface SweeperOptions {
  /** Time between sweeps. */
  everyMs: number
  /** A lane that was woken less long ago is left alone. */
  afterMs: number
  onWake: (lane: string) => void
  /** Told of failures, and of each lane whose state could not be read. */
  onError: (error: unknown) => void
}

/**
 * Finds lanes with mail that no job can run any more and wakes them: the job is gone or in none of the queue's lists, the
 * lane's state is gone or cannot be read. Only faults from outside do that (somebody emptied the queue, Redis lost a part of
 * its data): items and jobs are stored in one step. Any number of sweepers may run.
 */
export class Sweeper {
  readonly #timer: NodeJS.Timeout
  readonly #lanes: Lanes
  readonly #options: SweeperOptions
  readonly #looks: ReturnType<typeof defineLook>[] = []
  readonly #auditor: Auditor

  constructor(lanes: Lanes, options: SweeperOptions) {
    this.#lanes = lanes
    this.#options = options
    this.#auditor = new Auditor(lanes)
    this.#timer = setInterval(() => void this.#round(), options.everyMs)
  }

  /** One look at every lane that has mail, unless another process has just done that; returns how many were woken. */
  async sweep(): Promise<number> {
    let woken = 0
    for (let shard = 0; shard < this.#lanes.shards; shard++) {
      try {
        if (await this.#mayStart(this.#lanes.shardKeys(shard).sweeper)) woken += await this.#sweepShard(shard)
      } catch (error) {
        this.#options.onError(error)
      }
    }
    return woken
  }

  /** Looks through a part of the keys for mailboxes of which no lane is known; returns how many were woken. */
  async audit(): Promise<number> {
    try {
      // One for all shards: their keys lie side by side.
      if (!(await this.#mayStart(this.#lanes.shardKeys(0).auditor))) return 0
      return this.#woke(await this.#auditor.audit())
    } catch (error) {
      this.#options.onError(error)
      return 0
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #round(): Promise<void> {
    await this.sweep()
    await this.audit()
  }

  async #mayStart(key: string): Promise<boolean> {
    return (await this.#lanes.connection.set(key, '1', 'PX', Math.ceil(this.#options.everyMs * 0.9), 'NX')) === 'OK'
  }

  async #sweepShard(shard: number): Promise<number> {
    const { connection } = this.#lanes
    const keys = this.#lanes.shardKeys(shard)
    this.#looks[shard] ??= defineLook(connection, 'sweep', keys)
    const look = this.#looks[shard]
    let woken = 0
    let oldest = Number.POSITIVE_INFINITY
    let cursor = '0'
    do {
      const [next, arrived, gone, unreadable] = await look(cursor, PAGE, this.#options.afterMs)
      cursor = String(next)
      if (arrived !== '') oldest = Math.min(oldest, Number(arrived))
      for (const lane of namesOf(unreadable)) {
        this.#options.onError(
          new Error(`the state of lane ${lane} of ${keys.stem} cannot be read; it was written anew`),
        )
      }
      woken += this.#woke([...namesOf(gone), ...namesOf(unreadable)])
    } while (cursor !== '0')
    if (oldest === Number.POSITIVE_INFINITY) await connection.del(keys.oldest)
    else await connection.set(keys.oldest, oldest, 'PX', OLDEST_KEPT_MS)
    return woken
  }

  #woke(lanes: readonly string[]): number {
    for (const lane of lanes) this.#options.onWake(lane)
    return lanes.length
  }
}

function namesOf(list: unknown): string[] {
  return Array.isArray(list) ? list.map(String) : []
}
