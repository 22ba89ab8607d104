import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { Ended } from './chatlane.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

export interface Running {
  kill(signal: NodeJS.Signals): void
  ended: Promise<Ended>
}

/** Starts `chatlane` as a process of its own, with exactly this environment; what is left of it is killed after the test. */
export function startChatlane(words: readonly string[], env: Record<string, string>): Running {
  const child = spawn(process.execPath, ['--conditions=chatlane-source', main, ...words], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = once(child, 'close').then(
    ([code, signal]): Ended => ({ code: code ?? signal, stdout, stderr, json: () => JSON.parse(stdout) }),
  )
  return { kill: (signal) => void child.kill(signal), ended }
}
