import {
  type Config,
  type Logger,
  Receiver,
  ReceiverPause,
  SharedPause,
  type WorkerMetrics,
  webhookSending,
} from '@chatlane/core'
import { type LaneRedis, type Lanes, LaneWorker } from '@chatlane/lanes'

interface Parts {
  webhooks: Lanes
  redis: LaneRedis
  prefix: string
  logger: Logger
  metrics: WorkerMetrics
  onError: (error: unknown) => void
}

/** Brings the business's own system what lies in the lanes of webhooks, from now on. */
export function startWebhooks(config: NonNullable<Config['webhooks']>, parts: Parts) {
  const { webhooks, redis, prefix, logger, metrics, onError } = parts
  const asked = new SharedPause({ redis, prefix, provider: 'webhooks', onError })
  const pause = new ReceiverPause(asked, logger)
  const receiver = new Receiver(config)
  const worker = new LaneWorker(webhooks, {
    ...webhookSending({ config, receiver, pause, logger, metrics }),
    onError,
  })
  return {
    worker,
    pause,
    async close(graceMs: number): Promise<void> {
      asked.stop()
      await worker.close(graceMs)
      await receiver.close()
    },
  }
}
