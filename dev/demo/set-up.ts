import { randomBytes } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { Listr } from 'listr2'
import { findRedis } from '../redis/find.ts'
import { removeKeys } from '../stack/remove-keys.ts'
import type { Service } from '../stack/service.ts'
import { makeStack, type Stack } from '../stack/stack.ts'
import type { Undo } from '../undo.ts'
import { faults, script } from './cast.ts'
import { writeRoutes } from './routes.ts'

export interface SetUp {
  stack: Stack
  firstWorker: Service
}

/** What a step shows of itself. */
interface Step {
  title?: string
  output?: string
}

/**
 * Gets a Redis, starts sandbox, api and a worker, and shows how far it is.
 * @param folder for the routes file and what the processes write
 * @throws what kept a step from its end, which is not shown
 */
export async function setUp(folder: string, undo: Undo): Promise<SetUp> {
  const prefix = `chatlane-demo-${randomBytes(4).toString('hex')}`
  const ready: Partial<SetUp> & { redisUrl?: string } = {}

  let failure: unknown
  /** Listr would show the reason, which is told at the end: an empty one it does not. */
  const kept = (step: (task: Step) => Promise<void>) => async (_: unknown, task: Step) => {
    await step(task).catch((error: unknown) => {
      failure = error
      throw new Error('')
    })
  }

  const start = new Listr(
    [
      {
        title: 'Redis',
        task: kept(async (task) => {
          const log = (line: string) => {
            task.output = line
          }
          const redis = await findRedis({ purpose: 'the demo', log })
          undo.add(() => redis.stop())
          undo.add(() => removeKeys(redis, prefix))
          ready.redisUrl = redis.url
          task.title = `Redis      ${redis.how}`
        }),
      },
      {
        title: 'sandbox',
        task: kept(async (task) => {
          const stack = await makeStack({
            redisUrl: ready.redisUrl ?? '',
            settings: {
              REDIS_PREFIX: prefix,
              CHATLANE_CONFIG: writeRoutes(folder),
              // Above the slowest answer of the demo; what takes longer counts as never said.
              UPONAI_TIMEOUT_MS: '8000',
              UPONAI_COMPLETION_TIMEOUT_MS: '8000',
            },
            onLine: (service, line) => keep(join(folder, `${service.replace(' ', '-')}.log`), line),
          })
          ready.stack = stack
          undo.add(() => stack.stop())
          await stack.start('sandbox', 'sandbox')
          await stack.sandbox.setScript(script)
          await stack.sandbox.setFaults(faults)
          task.title = `sandbox    UponAI and Twilio on ${stack.sandboxUrl}`
        }),
      },
      {
        title: 'api',
        task: kept(async (task) => {
          await ready.stack?.start('api', 'api')
          task.title = `api        ${ready.stack?.apiUrl}`
        }),
      },
      {
        title: 'worker',
        task: kept(async (task) => {
          const worker = await ready.stack?.start('worker', 'worker 1')
          if (worker) ready.firstWorker = worker
          task.title = `worker 1   process ${worker?.pid}`
        }),
      },
    ],
    { registerSignalListeners: false, rendererOptions: { showErrorMessage: false } },
  )
  await start.run().catch(() => {
    throw failure
  })
  const { stack, firstWorker } = ready
  if (!stack || !firstWorker) throw new Error('expected the steps to have made the stack')
  return { stack, firstWorker }
}

/** A full disk costs the demo its logs, not its end. */
function keep(file: string, line: string): void {
  try {
    appendFileSync(file, `${line}\n`)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
  }
}
