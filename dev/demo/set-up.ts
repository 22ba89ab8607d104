import { randomBytes } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { Listr } from 'listr2'
import { findRedis } from '../redis/find.ts'
import { removeKeys } from '../stack/remove-keys.ts'
import type { Service } from '../stack/service.ts'
import { makeStack, type Stack } from '../stack/stack.ts'
import { faults, script } from './cast.ts'
import { writeRoutes } from './routes.ts'

export interface SetUp {
  stack: Stack
  firstWorker: Service
}

/** Undoes what was done, the last first; does nothing the second time. */
export class Undo {
  readonly #steps: (() => Promise<void>)[] = []

  add(step: () => Promise<void>): void {
    this.#steps.push(step)
  }

  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) await step()
  }
}

/**
 * Gets a Redis, starts sandbox, api and a worker, and shows how far it is.
 * @param folder for the routes file and what the processes write
 */
export async function setUp(folder: string, undo: Undo): Promise<SetUp> {
  const prefix = `chatlane-demo-${randomBytes(4).toString('hex')}`
  const ready: Partial<SetUp> & { redisUrl?: string } = {}

  const start = new Listr(
    [
      {
        title: 'Redis',
        task: async (_, task) => {
          const log = (line: string) => {
            task.output = line
          }
          const redis = await findRedis({ purpose: 'the demo', log })
          undo.add(() => redis.stop())
          undo.add(() => removeKeys(redis.url, prefix))
          ready.redisUrl = redis.url
          task.title = `Redis      ${redis.how}`
        },
      },
      {
        title: 'sandbox',
        task: async (_, task) => {
          const stack = await makeStack({
            redisUrl: ready.redisUrl ?? '',
            settings: {
              REDIS_PREFIX: prefix,
              CHATLANE_CONFIG: writeRoutes(folder),
              // Above the slowest answer of the demo; what takes longer counts as never said.
              UPONAI_TIMEOUT_MS: '8000',
              UPONAI_COMPLETION_TIMEOUT_MS: '8000',
            },
            onLine: (service, line) => appendFileSync(join(folder, `${service.replace(' ', '-')}.log`), `${line}\n`),
          })
          ready.stack = stack
          undo.add(() => stack.stop())
          await stack.start('sandbox', 'sandbox')
          await stack.sandbox.setScript(script)
          await stack.sandbox.setFaults(faults)
          task.title = `sandbox    UponAI and Twilio on ${stack.sandboxUrl}`
        },
      },
      {
        title: 'api',
        task: async (_, task) => {
          await ready.stack?.start('api', 'api')
          task.title = `api        ${ready.stack?.apiUrl}`
        },
      },
      {
        title: 'worker',
        task: async (_, task) => {
          const worker = await ready.stack?.start('worker', 'worker 1')
          if (worker) ready.firstWorker = worker
          task.title = `worker 1   process ${worker?.pid}`
        },
      },
    ],
    { registerSignalListeners: false, rendererOptions: { collapseErrors: false } },
  )
  await start.run()
  const { stack, firstWorker } = ready
  if (!stack || !firstWorker) throw new Error('expected the steps to have made the stack')
  return { stack, firstWorker }
}
