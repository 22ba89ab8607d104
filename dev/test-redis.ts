import { randomBytes } from 'node:crypto'
import { startRedis } from './redis/find.ts'
import type { RedisServer } from './redis/keep.ts'

/** The Redis that all tests of a run share; it may be a developer's own, so never flush it. */
export function testRedisUrl(): string {
  return fromSetup('TEST_REDIS_URL')
}

/** A key prefix that no other test uses; its keys are removed after the run. */
export function freshPrefix(): string {
  return `${fromSetup('TEST_REDIS_PREFIX')}-${randomBytes(6).toString('hex')}`
}

/**
 * A Redis of a test's own, to kill and start again or to set up differently; stop it at the end.
 *
 * @param settings Redis settings by their names in redis.conf, e.g. `{ 'maxmemory-policy': 'allkeys-lru' }`
 */
export function startRedisServer(settings: Record<string, string> = {}): Promise<RedisServer> {
  return startRedis({ purpose: 'a test of its own', log: console.error, settings })
}

function fromSetup(name: string): string {
  const value = process.env[name]
  if (!value)
    throw new Error(`${name}: expected the tests' set-up (dev/test-setup.ts) to have set it; run vitest from the root`)
  return value
}
