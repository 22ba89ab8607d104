import type { Cluster, Redis } from 'ioredis'

/**
 * Calls `listener` whenever a connection to a Redis node is gone: what answers next may be another master, or the same one
 * without its last writes. A cluster says `close` only when all of its nodes are gone, and `-node` for each.
 */
export function onBreak(redis: Redis | Cluster, listener: () => void): void {
  for (const event of ['close', '-node', 'node error']) redis.on(event, listener)
}
