import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { profiling } from '../node-flags.ts'
import { emptyRedis } from '../redis/empty.ts'
import { type Measurement, type Reply, replySchema, type Task } from './measurement.ts'

/**
 * Measures one side once, in a process of its own on an emptied Redis, so that nothing of an earlier measurement is left:
 * no warm code, no fragmented heap, no key.
 *
 * @throws Error when the side broke a promise or gave up
 */
export async function measure(task: Task, profileTo?: string): Promise<Measurement> {
  await emptyRedis(task.redisUrl)
  const child = fork(fileURLToPath(new URL('./side-process.ts', import.meta.url)), [JSON.stringify(task)], {
    execArgv: [...process.execArgv, ...profiling(profileTo)],
  })
  const replies: Reply[] = []
  child.on('message', (message) => replies.push(replySchema.parse(message)))
  await once(child, 'exit')
  const [reply] = replies
  if (!reply) throw new Error(`${task.side}: the measuring process ended without a result`)
  if ('wrong' in reply) throw new Error(`${task.side}: ${reply.wrong}`)
  return reply.measured
}
