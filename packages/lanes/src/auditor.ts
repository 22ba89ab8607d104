import type { Redis } from 'ioredis'
import type { Lanes } from './lanes.ts'
import { BatchedScript, type LaneRedis } from './script.ts'

/** Keys that one SCAN looks at, about. */
const KEYS_PER_SCAN = 1_000

/** SCANs per audit and Redis node: a Redis with a million keys is looked through in about eight minutes of sweeps. */
const SCANS = 10

/**
 * Looks for mailboxes of which no lane is known: no list names them, so the keys themselves are looked through, a part at each
 * audit. Without faults from outside there are none.
 */
export class Auditor {
  readonly #lanes: Lanes
  /** Where the next audit goes on, by node. */
  readonly #cursors = new WeakMap<LaneRedis, string>()
  readonly #scripts: BatchedScript[] = []

  constructor(lanes: Lanes) {
    this.#lanes = lanes
  }

  /** @returns the lanes that were woken */
  async audit(): Promise<string[]> {
    const { connection } = this.#lanes
    const nodes = 'nodes' in connection ? connection.nodes('master') : [connection]
    const woken = await Promise.all(nodes.map((node) => this.#auditNode(node)))
    return woken.flat()
  }

  async #auditNode(node: Redis): Promise<string[]> {
    const woken: string[] = []
    for (let scans = 0; scans < SCANS; scans++) {
      const cursor = this.#cursors.get(node) ?? '0'
      const [next, keys] = await node.scan(cursor, 'MATCH', this.#lanes.mailPattern, 'COUNT', KEYS_PER_SCAN)
      this.#cursors.set(node, next)
      const lanes = keys.flatMap((key) => this.#lanes.laneOf(key) ?? [])
      const looks = await Promise.all(lanes.map((lane) => this.#look(lane)))
      woken.push(...lanes.filter((_, i) => looks[i]))
      if (next === '0') break
    }
    return woken
  }

  async #look(lane: string): Promise<boolean> {
    const shard = this.#lanes.shardOf(lane)
    this.#scripts[shard] ??= new BatchedScript(this.#lanes.connection, 'audit', this.#lanes.shardKeys(shard))
    const [woken] = await this.#scripts[shard].call({ keys: [], args: [lane] })
    return woken === 1
  }
}
