import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
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
  const child = spawn(process.execPath, ['--conditions=chatlane-source', main], {
    env: {
      PATH: process.env.PATH,
      ...stage.environment,
      API_HOST: '127.0.0.1',
      API_PORT: '0',
      ADMIN_PORT: '0',
      LOG_LEVEL: 'info',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const log: Record<string, unknown>[] = []
  const waiting = new Set<() => void>()
  createInterface({ input: child.stdout }).on('line', (text) => {
    log.push(z.record(z.string(), z.unknown()).parse(JSON.parse(text)))
    for (const look of waiting) look()
  })
  const api: Omit<ApiBeside, 'url'> = {
    log,
    async reload() {
      const before = log.length
      child.kill('SIGHUP')
      await api.line((line) => log.indexOf(line) >= before && line.msg === 'routes read again')
    },
    line: (matches) =>
      new Promise((resolve) => {
        const look = () => {
          const found = log.find(matches)
          if (found) resolve(found)
          else waiting.add(look)
        }
        look()
      }),
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
  const { port } = await Promise.race([
    api.line(({ msg }) => msg === 'api ready'),
    ended.then(() => {
      throw new Error(`the api ended: ${JSON.stringify(log)}`)
    }),
  ])
  await stage.sandbox.settings({
    status_callbacks: true,
    api_url: `http://127.0.0.1:${port}`,
    public_url: stage.environment.PUBLIC_URL ?? '',
  })
  return { ...api, url: `http://127.0.0.1:${port}` }
}
