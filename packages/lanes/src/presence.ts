import { freshId } from './ids.ts'
import type { Lanes } from './lanes.ts'
import { defineLook } from './script.ts'

/** Words that may get lost before a worker counts as gone. */
const MISSED = 3

/**
 * Tells, shard by shard, that a worker is there and whether it takes lanes, so that a backlog which no worker may take at the
 * moment is told from one that wants more workers.
 */
export class Presence {
  readonly #id = freshId()
  readonly #lanes: Lanes
  readonly #everyMs: number
  readonly #state: () => 'working' | 'paused'
  readonly #onError: (error: unknown) => void
  readonly #timer: NodeJS.Timeout
  readonly #say: ReturnType<typeof defineLook>[] = []

  constructor(
    lanes: Lanes,
    options: { everyMs: number; state: () => 'working' | 'paused'; onError: (error: unknown) => void },
  ) {
    this.#lanes = lanes
    this.#everyMs = options.everyMs
    this.#state = options.state
    this.#onError = options.onError
    this.#timer = setInterval(this.announce, options.everyMs)
    lanes.connection.on('ready', this.announce)
    this.announce()
  }

  readonly announce = (): void => this.#tell(this.#state())

  stop(): void {
    clearInterval(this.#timer)
    this.#lanes.connection.off('ready', this.announce)
    this.#tell('gone')
  }

  #tell(state: 'working' | 'paused' | 'gone'): void {
    const { connection, shards } = this.#lanes
    // With Redis away these would only pile up behind each other.
    if (connection.status !== 'ready') return
    for (let shard = 0; shard < shards; shard++) {
      const say = this.#say[shard] ?? defineLook(connection, 'presence', this.#lanes.shardKeys(shard))
      this.#say[shard] = say
      say(this.#id, state, this.#everyMs * MISSED).catch(this.#onError)
    }
  }
}
