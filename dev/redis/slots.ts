import type { RedisServer } from './keep.ts'
import { addressOf, asking } from './nodes.ts'

/** A master, by the name that the cluster has for it. */
export interface SlotNode {
  server: RedisServer
  id: string
}

export interface MoveOptions {
  /** Default 100. */
  keysAtOnce?: number
  /** Called before the next keys go, when some are here and some there. */
  between?: () => Promise<void>
}

const migrateTimeoutMs = 10_000

/**
 * Moves one slot with its keys, while clients go on: each key is in one place at any time, and who asks in the wrong one is
 * sent to the other. The new owner has to be the first to know that it is one: if the move broke off after the old one gave
 * it up, nobody would have the slot.
 */
export async function moveSlot(
  slot: number,
  from: RedisServer,
  to: RedisServer,
  masters: readonly SlotNode[],
  { keysAtOnce = 100, between }: MoveOptions = {},
): Promise<void> {
  if (from === to) return
  const [source, target] = [from, to].map((server) => masters.find((master) => master.server === server))
  if (!source || !target) throw new Error(`slot ${slot}: expected to move it from one master that answers to another`)
  await asking(to, (redis) => redis.cluster('SETSLOT', slot, 'IMPORTING', source.id))
  await asking(from, async (redis) => {
    await redis.cluster('SETSLOT', slot, 'MIGRATING', target.id)
    const [host, port] = addressOf(to)
    for (;;) {
      const keys = await redis.cluster('GETKEYSINSLOT', slot, keysAtOnce)
      if (keys.length === 0) return
      await redis.call('MIGRATE', host, port, '', 0, migrateTimeoutMs, 'KEYS', ...keys)
      await between?.()
    }
  })
  const others = masters.filter((master) => master !== source && master !== target)
  for (const { server } of [target, source, ...others]) {
    await asking(server, (redis) => redis.cluster('SETSLOT', slot, 'NODE', target.id))
  }
}
