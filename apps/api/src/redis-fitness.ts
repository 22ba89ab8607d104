import { checkRedis, type connectRedis, type Logger } from '@chatlane/core'

/** Says so when a Redis that comes up is not fit to keep messages. */
export function warnOfUnfitRedis(redis: ReturnType<typeof connectRedis>, logger: Logger): void {
  redis.on('ready', async () => {
    try {
      const { evicts, persistent, version } = await checkRedis(redis)
      if (evicts) logger.error({ version }, 'Redis may evict keys: set maxmemory-policy noeviction')
      if (!persistent) logger.warn({ version }, 'Redis has no append-only file: a restart of it can lose messages')
    } catch {
      // It went away again; the next time it is ready it is asked again.
    }
  })
}
