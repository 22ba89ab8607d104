import { readFileSync } from 'node:fs'
import type { Cluster, Redis } from 'ioredis'
import type { ShardKeys } from './keys.ts'

const LUA = new URL('../lua/', import.meta.url)
const source = (file: string): string => readFileSync(new URL(file, LUA), 'utf8')
const LIBRARY = source('lib.lua')

/** Entries per call: enough to share the cost of the round trip, few enough not to hold Redis up. */
const MOST_ENTRIES = 32

export type LaneRedis = Redis | Cluster

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

/** Scripts that need more than the library has. */
const WITH: Readonly<Record<string, string>> = { sweep: source('waiting.lua'), backlog: source('waiting.lua') }

/** Loads `lua/<name>.lua` and gives it to the client, which sends its hash and, where Redis does not know it, its text. */
function loadScript(redis: LaneRedis, name: string, shard: ShardKeys) {
  const command = `lanes:${name}`
  redis.defineCommand(command, { lua: `${LIBRARY}\n${WITH[name] ?? ''}${source(`${name}.lua`)}` })
  const run: unknown = Reflect.get(redis, command)
  if (typeof run !== 'function') throw new Error(`Redis client did not take the script ${name}`)
  return (keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> =>
    run.call(redis, 2 + keys.length, [shard.lanes, shard.never, ...keys], [shard.stem, ...args])
}

/** A script that is about a whole lane set, not about entries. It answers with a list. */
export function defineLook(
  redis: LaneRedis,
  name: 'sweep' | 'backlog' | 'presence',
  shard: ShardKeys,
): (...args: (string | number)[]) => Promise<unknown[]> {
  const run = loadScript(redis, name, shard)
  return async (...args) => listOf(name, await run([], args))
}

function listOf(script: string, result: unknown): unknown[] {
  if (Array.isArray(result)) return result
  throw new TypeError(`the lane script ${script} answered with something that is not a list`)
}

/**
 * A script whose calls made in one tick travel as one: under load the cost of a round trip is shared by up to
 * {@link MOST_ENTRIES} entries, and a lone call leaves at once. All entries of a batcher must be in one hash slot.
 */
export class BatchedScript {
  readonly #name: string
  readonly #run: ReturnType<typeof loadScript>
  #waiting: Waiting[] = []

  constructor(redis: LaneRedis, name: string, shard: ShardKeys) {
    this.#name = name
    this.#run = loadScript(redis, name, shard)
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
      const keys: string[] = []
      const args: (string | number)[] = []
      for (const { entry } of batch) {
        args.push(entry.args.length, entry.keys.length)
        for (const key of entry.keys) keys.push(key)
        for (const arg of entry.args) args.push(arg)
      }
      const results = listOf(this.#name, await this.#run(keys, args))
      for (const [i, waiting] of batch.entries()) this.#settle(waiting, listOf(this.#name, results[i]))
    } catch (error) {
      for (const waiting of batch) waiting.reject(error)
    }
  }

  #settle({ resolve, reject }: Waiting, result: unknown[]): void {
    const [status, detail] = result
    if (status === 'broken') reject(new Error(`the lane script ${this.#name} met data that it cannot read: ${detail}`))
    else resolve(result)
  }
}
