import { setTimeout as passed } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { spawnProgram } from '@chatlane/dev'
import type { Stage } from './stage.ts'

const main = fileURLToPath(new URL('../../api/src/main.ts', import.meta.url))

export interface ApiBeside {
  /** Resolves with a line of its log, past or to come. */
  line(matches: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>
  url: string
  /** Has it read the routes file again, and waits for that. */
  reload(): Promise<void>
  /** Lines of its log so far. */
  log: readonly Record<string, unknown>[]
  /** Tells it to stop, and waits for that. */
  stop(): Promise<void>
  /** Ends it as its machine's end would. */
  kill(): Promise<void>
}

/** An api process beside a stage's worker. From now on the sandbox brings it messages and what became of ours. */
export async function apiBeside(stage: Stage, env: Record<string, string> = {}): Promise<ApiBeside> {
  const {
    process: child,
    log,
    line,
    exit,
    stderr,
  } = spawnProgram(main, {
    ...stage.environment,
    API_HOST: '127.0.0.1',
    API_PORT: '0',
    ADMIN_PORT: '0',
    LOG_LEVEL: 'info',
    ...env,
  })
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    child.kill(signal)
    await exit
  }
  const { port } = await Promise.race([
    line(({ msg }) => msg === 'api ready'),
    exit.then((how) => {
      throw new Error(`the api ended: ${how} ${JSON.stringify(log)} ${stderr.join('\n')}`)
    }),
  ])
  const url = `http://127.0.0.1:${port}`
  while (!(await fetch(`${url}/readyz`)).ok) await passed(50)
  await stage.sandbox.settings({
    status_callbacks: true,
    api_url: url,
    public_url: stage.environment.PUBLIC_URL ?? '',
  })
  return {
    url,
    log,
    line,
    async reload() {
      const before = log.length
      child.kill('SIGHUP')
      await line((told) => log.indexOf(told) >= before && told.msg === 'routes read again')
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}
