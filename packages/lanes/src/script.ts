import { readFileSync } from 'node:fs'
import type { Cluster, Redis } from 'ioredis'
import type { ShardKeys } from './keys.ts'

const LUA = new URL('../lua/', import.meta.url)
const source = (file: string): string => readFileSync(new URL(file, LUA), 'utf8')
const LIBRARY = source('lib.lua')

/** Entries per call: enough to share the cost of the round trip, few enough not to hold Redis up. */
const MOST_ENTRIES = 32

export type LaneRedis = Redis | Cluster
type Runner = (entries: Entry[]) => Promise<unknown>

/** One entry's arguments, and the keys of its effects. */
export interface Entry {
  keys: string[]
  args: (string | number)[]
}

interface Waiting {
  entry: Entry
  resolve: (result: unknown[]) => void
  reject: (error: unknown) => void
}

/** Loads `lua/<name>.lua` and gives it to the client, which sends its hash and, where Redis does not know it, its text. */
export function defineScript(redis: LaneRedis, name: string, shard: ShardKeys): Runner {
  const command = `lanes:${name}`
  redis.defineCommand(command, { lua: `${LIBRARY}\n${source(`${name}.lua`)}` })
  const run: unknown = Reflect.get(redis, command)
  if (typeof run !== 'function') throw new Error(`Redis client did not take the script ${name}`)
  return (entries) => {
    const keys = [shard.lanes, shard.never]
    const args: (string | number)[] = [shard.stem]
    for (const entry of entries) {
      for (const key of entry.keys) keys.push(key)
      for (const arg of entry.args) args.push(arg)
    }
    return run.call(redis, keys.length, keys, args)
  }
}

/**
 * A script whose calls made in one tick travel as one: under load the cost of a round trip is shared by up to
 * {@link MOST_ENTRIES} entries, and a lone call leaves at once. All entries of a batcher must be in one hash slot.
 */
export class BatchedScript {
  readonly #run: Runner
  #waiting: Waiting[] = []

  constructor(redis: LaneRedis, name: string, shard: ShardKeys) {
    this.#run = defineScript(redis, name, shard)
  }

  call(entry: Entry): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ entry, resolve, reject }) === 1) setImmediate(() => this.#flush())
    })
  }

  #flush(): void {
    const all = this.#waiting
    this.#waiting = []
    for (let i = 0; i < all.length; i += MOST_ENTRIES) void this.#send(all.slice(i, i + MOST_ENTRIES))
  }

  async #send(batch: Waiting[]): Promise<void> {
    try {
      const results: unknown = await this.#run(batch.map((waiting) => waiting.entry))
      if (!Array.isArray(results)) throw new Error('a lane script answered with something that is not a list')
      for (const [i, waiting] of batch.entries()) waiting.resolve(results[i])
    } catch (error) {
      for (const waiting of batch) waiting.reject(error)
    }
  }
}
