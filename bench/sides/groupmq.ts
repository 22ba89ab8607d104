import { Queue, Worker } from 'groupmq'
import type { Redis } from 'ioredis'
import type { Side, SideOptions } from './side.ts'

/**
 * GroupMQ, one group per key. It adds in batches, which it does not do by default: that is about twice as fast, and an
 * add resolves only when its batch is stored.
 */
export async function openGroupmq(redis: Redis, { settings, handle, onError }: SideOptions): Promise<Side> {
  const queue = new Queue<string>({ redis, namespace: 'bench', autoBatch: { size: 100, maxWaitMs: 1 } })
  const worker = new Worker<string>({
    queue,
    concurrency: settings.concurrency,
    handler: (job) => handle(job.data),
    onError,
  })
  worker.on('error', onError)
  return {
    add: (groupId, data) => queue.add({ groupId, data }),
    // closing the queue as well would close the client while the worker's loop may still ask it for a job
    close: () => worker.close(),
  }
}
