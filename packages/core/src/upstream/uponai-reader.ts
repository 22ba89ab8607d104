import type { LaneRedis } from '@chatlane/lanes'
import type { UponaiConfig } from '../config/config.ts'
import { ChatlaneError } from '../errors/chatlane-error.ts'
import { createUponAIClient, type UponAIClient } from '../uponai/client.ts'
import { SharedPause } from './shared-pause.ts'

/** Enough for people who look something up; a script that asks faster waits for itself. */
const CONNECTIONS = 20

/** After a 429 that does not say for how long. */
const THROTTLED_MS = 2_000

export interface UponAIReader {
  client: UponAIClient
  stop(): void
  /** Lets requests in progress finish, then closes the connections. */
  close(): Promise<void>
}

/**
 * UponAI's client for what people look up. It has no circuit of its own, as who asks is told at once what went wrong; but a pause
 * that UponAI asked of anyone in the deployment is kept, and one that it asks here is kept by all: conversations come first.
 */
export function createUponAIReader(options: {
  config: UponaiConfig
  redis: LaneRedis
  prefix: string
  onError: (error: unknown) => void
}): UponAIReader {
  const { config, redis, prefix, onError } = options
  const asked = new SharedPause({ redis, prefix, provider: 'uponai', onError })
  const client = createUponAIClient({
    ...config,
    connections: CONNECTIONS,
    async around(_operation, request) {
      const { remainingMs } = asked
      if (remainingMs > 0) {
        throw new ChatlaneError('UPONAI_PAUSED', 'UponAI asked for a pause', { retryAfterMs: remainingMs })
      }
      try {
        return await request()
      } catch (error) {
        if (error instanceof ChatlaneError && error.code === 'UPONAI_THROTTLED')
          asked.hold(error.retryAfterMs ?? THROTTLED_MS)
        throw error
      }
    },
  })
  return { client, stop: () => asked.stop(), close: () => client.close() }
}
