import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import type { FoundRedis } from './found-redis.ts'
import { expectedRedis, isOldRedis } from './version.ts'

const otherwise = 'or unset REDIS_URL, and one is found or started'

/**
 * The Redis that REDIS_URL names, looked at once: what is wrong with it is told here, not by the first command minutes later.
 *
 * @throws Error in one line when it does not answer, is too old, or is not a single server that takes writes
 */
export async function givenRedis(url: string): Promise<FoundRedis> {
  if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol)) {
    throw new Error(`REDIS_URL: expected redis://host:port or rediss://host:port, ${otherwise}`)
  }
  const { protocol, host } = new URL(url)
  const shown = `${protocol}//${host}`
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: 5_000, retryStrategy: () => null })
  // ioredis reports the cause here; the rejected connect() only says that the connection is closed
  let cause: Error | undefined
  redis.on('error', (error) => {
    cause = error
  })
  try {
    await redis.connect()
    await redis.ping()
    const problem = await problemOf(redis)
    if (problem) throw new Error(problem)
  } catch (error) {
    const reason = cause ?? error
    throw new Error(
      `REDIS_URL: expected a Redis at ${shown}: ${reason instanceof Error ? reason.message : reason}; mend it, ${otherwise}`,
    )
  } finally {
    redis.disconnect()
  }
  return { url, how: `REDIS_URL (${shown})`, own: false, stop: async () => {} }
}

async function problemOf(redis: Redis): Promise<string | undefined> {
  // who may not ask is not refused for that
  const info = await redis.info('server').catch(() => '')
  const version = /^redis_version:(\S+)/m.exec(info)?.[1]
  if (version && isOldRedis(version)) return `it is ${version}, expected ${expectedRedis}`
  const mode = /^redis_mode:(\S+)/m.exec(info)?.[1] ?? 'standalone'
  if (mode !== 'standalone') return `it is a ${mode}'s node, expected a single server`
  const key = `chatlane-probe-${randomBytes(6).toString('hex')}`
  return redis.set(key, 1, 'PX', 1).then(
    () => undefined,
    (error: Error) => `it takes no writes: ${error.message}`,
  )
}
