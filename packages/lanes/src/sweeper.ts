import type { Lanes } from './lanes.ts'
import { defineScript } from './script.ts'

/** About how many lanes one call of the script looks at. */
const PAGE = 500

export interface SweeperOptions {
  /** Time between sweeps. */
  everyMs: number
  /** A lane that was woken less long ago is left alone. */
  afterMs: number
  onWake: (lane: string) => void
  onError: (error: unknown) => void
}

/**
 * Finds lanes with mail whose job is gone (somebody emptied the queue, Redis lost a part of its data) and wakes them. Items
 * and jobs are stored in one step, so without such faults it never has to. Any number of sweepers may run.
 */
export class Sweeper {
  readonly #timer: NodeJS.Timeout
  readonly #lanes: Lanes
  readonly #options: SweeperOptions
  readonly #scripts: ReturnType<typeof defineScript>[]

  constructor(lanes: Lanes, options: SweeperOptions) {
    this.#lanes = lanes
    this.#options = options
    this.#scripts = Array.from({ length: lanes.shards }, (_, shard) =>
      defineScript(lanes.connection, 'sweep', lanes.shardKeys(shard)),
    )
    this.#timer = setInterval(() => void this.sweep(), options.everyMs)
  }

  /** One look at every lane that has mail, unless another process has just done that; returns how many were woken. */
  async sweep(): Promise<number> {
    let woken = 0
    for (const [shard, script] of this.#scripts.entries()) {
      try {
        if (await this.#mayStart(shard)) woken += await this.#sweepShard(script)
      } catch (error) {
        this.#options.onError(error)
      }
    }
    return woken
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #mayStart(shard: number): Promise<boolean> {
    const key = this.#lanes.shardKeys(shard).sweeper
    return (await this.#lanes.connection.set(key, '1', 'PX', Math.ceil(this.#options.everyMs * 0.9), 'NX')) === 'OK'
  }

  async #sweepShard(script: ReturnType<typeof defineScript>): Promise<number> {
    let woken = 0
    let cursor = '0'
    do {
      const args = [cursor, PAGE, this.#options.afterMs]
      const result = await script([{ keys: [], args }])
      if (!Array.isArray(result)) throw new Error('the sweep answered with something that is not a list')
      cursor = String(result[0])
      for (const lane of result.slice(1)) {
        this.#options.onWake(String(lane))
        woken++
      }
    } while (cursor !== '0')
    return woken
  }
}
