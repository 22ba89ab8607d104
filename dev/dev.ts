/** `pnpm dev`: sandbox, api and worker from source, started again when their sources change, until Ctrl-C. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

const log = (line: string) => printLine('dev', line)
const folder = mkdtempSync(join(tmpdir(), 'chatlane-dev-'))
const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]

let stopping = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // A Ctrl-C comes twice: from the terminal, and handed on by pnpm.
    if (stopping) return
    stopping = true
    log('stopping')
    void stop().finally(() => process.exit(0))
  })
}

try {
  const redis = await findRedis({ purpose: 'pnpm dev', log })
  const prefix = `chatlane-dev-${randomBytes(4).toString('hex')}`
  undo.push(() => redis.stop())
  undo.push(() => removeKeys(redis.url, prefix))
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
  undo.push(() => serving.stop())
  await serving.start()
  undo.push(watchSources((parts) => serving.restart(parts)))
  await printWelcome(stack)
} catch (error) {
  if (!stopping) {
    console.error(error instanceof Error ? error.message : error)
    await stop()
    process.exitCode = 1
  }
}

async function stop(): Promise<void> {
  for (let step = undo.pop(); step; step = undo.pop()) await step()
}
