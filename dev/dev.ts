/** `pnpm dev`: sandbox, api and worker from source, started again when their sources change, until Ctrl-C. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findRedis } from './redis/find.ts'
import { printLine } from './serving/log-lines.ts'
import { portOr } from './serving/port-or.ts'
import { devRoutes } from './serving/routes.ts'
import { Serving } from './serving/serving.ts'
import { printWelcome } from './serving/welcome.ts'
import { watchSources } from './stack/reload.ts'
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
  undo.push(() => redis.stop())
  log(`Redis: ${redis.how}`)
  const ports = {
    api: await portOr('API_PORT', 3000),
    admin: await portOr('ADMIN_PORT', 3001),
    sandbox: await portOr('SANDBOX_PORT', 4010),
  }
  const settings = { ...given(process.env), ...devRoutes(folder, ports.api) }
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

/** What the developer set; where things listen is settled by then. */
function given(env: NodeJS.ProcessEnv): Record<string, string> {
  const { REDIS_URL: _, API_PORT: _a, ADMIN_PORT: _b, SANDBOX_PORT: _c, WORKER_PORT: _d, ...rest } = env
  return Object.fromEntries(Object.entries(rest).flatMap(([name, value]) => (value ? [[name, value]] : [])))
}
