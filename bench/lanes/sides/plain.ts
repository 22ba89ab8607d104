import { Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Side, SideOptions } from './side.ts'

/** BullMQ as it is: one job per message, in no order per key. */
export async function openPlain(redis: Redis, { settings, handle, onError }: SideOptions): Promise<Side> {
  const shared = { connection: redis, prefix: '{bench}' }
  const queue = new Queue<string>('plain', { ...shared, streams: { events: { maxLen: 1_000 } } })
  const worker = new Worker<string>('plain', (job) => handle(job.data), {
    ...shared,
    concurrency: settings.concurrency,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  })
  queue.on('error', onError)
  worker.on('error', onError)
  await worker.waitUntilReady()
  return {
    add: (_key, text) => queue.add('message', text, { removeOnComplete: true }),
    close: async () => {
      await worker.close()
      await queue.close()
    },
  }
}
