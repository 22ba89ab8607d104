import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

export interface ApiProcess {
  process: ChildProcess
  /** Lines of the log. */
  log: Record<string, unknown>[]
  stderr: string[]
  /** Resolves with a line of the log, past or to come. */
  line(matches: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>
  /** Resolves with the exit code, or the signal that ended it. */
  exit: Promise<number | string>
}

/** `main.ts` as a process of its own, with exactly this environment. */
export function spawnApi(env: Record<string, string>): ApiProcess {
  const child = spawn(process.execPath, ['--conditions=chatlane-source', main], {
    env: { PATH: process.env.PATH, API_HOST: '127.0.0.1', API_PORT: '0', ADMIN_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log: Record<string, unknown>[] = []
  const stderr: string[] = []
  const waiting = new Set<() => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    log.push(z.record(z.string(), z.unknown()).parse(JSON.parse(line)))
    for (const look of waiting) look()
  })
  createInterface({ input: child.stderr }).on('line', (line) => stderr.push(line))
  return {
    process: child,
    log,
    stderr,
    exit: once(child, 'close').then(([code, signal]) => code ?? signal),
    line: (matches) =>
      new Promise((resolve) => {
        const look = () => {
          const found = log.find(matches)
          if (!found) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
  }
}

const ready = z.looseObject({ port: z.number(), admin_port: z.number() })

/** Its addresses, once it listens. */
export async function addressesOf(api: ApiProcess): Promise<{ url: string; adminUrl: string }> {
  const { port, admin_port: adminPort } = ready.parse(await api.line(({ msg }) => msg === 'api ready'))
  return { url: `http://127.0.0.1:${port}`, adminUrl: `http://127.0.0.1:${adminPort}` }
}
