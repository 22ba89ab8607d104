import type { LaneRedis } from '@chatlane/lanes'
import type { UponaiConfig } from '../config/config.ts'
import type { Logger } from '../logging/logger.ts'
import { createUponAIClient, type UponAIClient } from '../uponai/client.ts'
import { type PauseReason, UpstreamGate } from './gate.ts'
import { SharedPause } from './shared-pause.ts'

export interface GatedUponAIOptions {
  config: UponaiConfig
  redis: LaneRedis
  prefix: string
  logger: Logger
  onError: (error: unknown) => void
  /** Most requests at a time; more wait for one to end. */
  connections: number
  /** Put around every request that is made, to count it. */
  count: <T>(operation: string, request: () => Promise<T>) => Promise<T>
  /** Told when no calls are to be made for a while, and (undefined) when they may be made again. */
  onPause: (reason: PauseReason | undefined) => void
}

/** UponAI's client with its gate before every request. */
export interface GatedUponAI {
  client: UponAIClient
  gate: UpstreamGate
  /** Ends the probes; calls in progress go on. */
  stop(): void
  /** Lets requests in progress finish, then closes the connections. */
  close(): Promise<void>
}

export function createGatedUponAI(options: GatedUponAIOptions): GatedUponAI {
  const { config, connections, redis, prefix, logger, onError, count, onPause } = options
  const prober = createUponAIClient({ ...config, connections: 1 })
  const asked = new SharedPause({ redis, prefix, provider: 'uponai', onError })
  const gate = new UpstreamGate({ asked, logger, onChange: onPause, probe: () => prober.listChats({ limit: 1 }) })
  const client = createUponAIClient({
    ...config,
    connections,
    around: (operation, request, signal) => gate.call(operation, () => count(operation, request), signal),
  })
  return {
    client,
    gate,
    stop() {
      gate.stop()
      asked.stop()
    },
    close: async () => {
      await Promise.all([client.close(), prober.close()])
    },
  }
}
