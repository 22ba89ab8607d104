import { shardTag } from './tag.ts'

/** The Redis keys of one lane set on one shard. All share the shard's hash tag, hence one cluster slot. */
export interface ShardKeys {
  /** BullMQ's `prefix` option; it is the hash tag. */
  tag: string
  /** What every key of the lane set begins with; the scripts make the lanes' own keys from it. */
  stem: string
  /** The lanes that have mail, with their state. */
  lanes: string
  /** Never exists, see lua/lib.lua. */
  never: string
  /** Held by the process that sweeps. */
  sweeper: string
  /** The same for the process that looks through the keys. */
  auditor: string
  /** When the head that waits longest came in, as the last sweep found it, ms. */
  oldest: string
  /** Dead letters: index by time, and one key each. */
  deadIndex: string
  dead: string
}

export function shardKeys(prefix: string, name: string, shard: number): ShardKeys {
  const tag = shardTag(prefix, shard)
  const base = `${tag}:${name}:`
  return {
    tag,
    stem: base,
    lanes: `${base}lanes`,
    never: `${base}never`,
    sweeper: `${base}sweeper`,
    auditor: `${base}auditor`,
    oldest: `${base}oldest`,
    deadIndex: `${base}dead`,
    dead: `${base}dead:`,
  }
}
