/** `pnpm dev`: sandbox, api and worker from source, started again when their sources change, until Ctrl-C. */
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { onEnd } from './on-end.ts'
import { findRedis } from './redis/find.ts'
import { printLine } from './serving/log-lines.ts'
import { portOr } from './serving/port-or.ts'
import { devRoutes } from './serving/routes.ts'
import { Serving } from './serving/serving.ts'
import { tuningOf } from './serving/tuning.ts'
import { printWelcome } from './serving/welcome.ts'
import { watchSources } from './stack/reload.ts'
import { removeKeys } from './stack/remove-keys.ts'
import { makeStack } from './stack/stack.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { Undo } from './undo.ts'

const log = (line: string) => printLine('dev', line)
const undo = new Undo(log)

let stopping = false
onEnd((signal) => {
  stopping = true
  if (signal) log('stopping')
  void undo.run().finally(() => process.exit(signal ? 0 : 1))
})

try {
  const folder = temporaryFolder('chatlane-dev-')
  undo.add(() => rmSync(folder, { recursive: true, force: true }))
  const redis = await findRedis({ purpose: 'pnpm dev', log })
  const prefix = `chatlane-dev-${randomBytes(4).toString('hex')}`
  undo.add(() => redis.stop())
  undo.add(() => removeKeys(redis, prefix))
  log(`Redis: ${redis.how}`)
  const ports = {
    api: await portOr('API_PORT', 3000),
    admin: await portOr('ADMIN_PORT', 3001),
    sandbox: await portOr('SANDBOX_PORT', 4010),
  }
  const { settings: tuning, leftOut } = tuningOf(process.env)
  if (leftOut.length > 0) log(`not for the sandbox, so not taken from this shell: ${leftOut.join(', ')}`)
  const settings = { ...tuning, ...devRoutes(folder, ports.api), REDIS_PREFIX: prefix }
  const stack = await makeStack({ redisUrl: redis.url, settings, ports, onLine: printLine })
  const serving = new Serving(stack, log)
  undo.add(() => serving.stop())
  await serving.start()
  undo.add(watchSources((parts) => serving.restart(parts)))
  await printWelcome(stack)
} catch (error) {
  if (!stopping) {
    console.error(error instanceof Error ? error.message : error)
    await undo.run()
    process.exitCode = 1
  }
}
