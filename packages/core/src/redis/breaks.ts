import { Cluster, type Redis } from 'ioredis'

/**
 * Calls `listener` whenever a connection to a Redis node is gone: what answers next may be another master, or the same one
 * without its last writes. A cluster says `close` only when all of its nodes are gone, so each is listened to.
 */
export function onBreak(redis: Redis | Cluster, listener: () => void): void {
  redis.on('close', listener)
  if (!(redis instanceof Cluster)) return
  const listen = (node: Redis) => void node.on('close', listener)
  redis.on('+node', listen)
  for (const event of ['-node', 'node error']) redis.on(event, listener)
  for (const node of redis.nodes()) listen(node)
}
