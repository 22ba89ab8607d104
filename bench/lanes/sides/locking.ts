import { randomUUID } from 'node:crypto'
import { DelayedError, type Job, Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Side, SideOptions } from './side.ts'

interface Message {
  key: string
  text: string
}

/** A lock outlives whatever is done under it; its holder died if it runs out. */
const LOCK_MS = 30_000

/** A job whose key is taken is looked at again after that. */
const AGAIN_MS = 10

/** Gives a lock back, unless it ran out and is another's by now. */
const UNLOCK = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`

/** What one does first with BullMQ: a lock per key, and a job that does not get it comes again. One at a time, in no order. */
export async function openLocking(redis: Redis, { settings, handle, onError }: SideOptions): Promise<Side> {
  const shared = { connection: redis, prefix: '{bench}' }
  const queue = new Queue<Message>('locking', { ...shared, streams: { events: { maxLen: 1_000 } } })

  async function work({ data }: Job<Message>, again: () => Promise<void>): Promise<void> {
    const lock = `{bench}:lock:${data.key}`
    const me = randomUUID()
    if ((await redis.set(lock, me, 'PX', LOCK_MS, 'NX')) === null) {
      await again()
      throw new DelayedError()
    }
    try {
      await handle(data.text)
    } finally {
      await redis.eval(UNLOCK, 1, lock, me)
    }
  }

  const worker = new Worker<Message>(
    'locking',
    (job, token) => work(job, () => job.moveToDelayed(Date.now() + AGAIN_MS, token)),
    { ...shared, concurrency: settings.concurrency, removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } },
  )
  queue.on('error', onError)
  worker.on('error', onError)
  await worker.waitUntilReady()
  return {
    add: (key, text) => queue.add('message', { key, text }, { removeOnComplete: true }),
    close: async () => {
      await worker.close()
      await queue.close()
    },
  }
}
