import { setTimeout as passed } from 'node:timers/promises'
import type { Cluster, Redis } from 'ioredis'

/** Resolves when a connection that was just begun can be used, or after a while without. */
export async function firstReady(redis: Redis | Cluster, withinMs: number): Promise<void> {
  if (redis.status === 'ready') return
  const late = new AbortController()
  const ready = new Promise<void>((resolve) => redis.once('ready', () => resolve()))
  await Promise.race([ready, passed(withinMs, undefined, { signal: late.signal }).catch(() => {})])
  late.abort()
}
