import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const patienceMs = 10_000

/**
 * Whether Testcontainers finds a Docker engine. Asked in a process of its own, which can be ended: an engine whose
 * socket takes the connection and never answers would hold up everything.
 */
export function engineAnswers(env: NodeJS.ProcessEnv): Promise<boolean> {
  const probe = fileURLToPath(new URL('./engine-probe.ts', import.meta.url))
  return new Promise((resolve) => {
    execFile(process.execPath, [probe], { env, timeout: patienceMs, killSignal: 'SIGKILL' }, (error) =>
      resolve(error === null),
    )
  })
}
