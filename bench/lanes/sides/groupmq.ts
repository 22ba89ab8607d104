import { Queue, Worker } from 'groupmq'
import type { Redis } from 'ioredis'
import type { Side, SideOptions } from './side.ts'

/** GroupMQ, one group per key, as it comes. */
export function openGroupmq(redis: Redis, options: SideOptions): Promise<Side> {
  return open(redis, options, false)
}

/** With its adds batched. It advises against that for jobs that must be stored at once or must not get lost. */
export function openGroupmqBatching(redis: Redis, options: SideOptions): Promise<Side> {
  return open(redis, options, { size: 100, maxWaitMs: 1 })
}

async function open(
  redis: Redis,
  { settings, handle, onError }: SideOptions,
  autoBatch: false | { size: number; maxWaitMs: number },
): Promise<Side> {
  const queue = new Queue<string>({ redis, namespace: 'bench', autoBatch })
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
