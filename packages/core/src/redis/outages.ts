import type { Cluster, Redis } from 'ioredis'
import { errorForLog } from '../logging/error.ts'
import type { Logger } from '../logging/logger.ts'

/** One line when Redis goes away and one when it is back, however many tries are between them. */
export function reportOutages(client: Redis | Cluster, role: string, logger: Logger): void {
  let awaySince: number | undefined
  // ioredis reports each failed try; without a listener it prints them itself.
  client.on('error', (error: Error) => {
    if (awaySince !== undefined) return
    awaySince = Date.now()
    // Where in ioredis it was noticed helps nobody.
    const { stack: _, ...err } = errorForLog(error)
    logger.warn({ event: 'redis_away', role, err }, 'Redis cannot be reached; trying again')
  })
  client.on('ready', () => {
    if (awaySince === undefined) return
    logger.info({ event: 'redis_back', role, away_ms: Date.now() - awaySince }, 'Redis is back')
    awaySince = undefined
  })
}
