import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

export interface Ended {
  /** The exit code, or the signal that ended it. */
  code: number | string
  stdout: string
  stderr: string
  /** What `--json` printed. */
  json(): unknown
}

/** Runs `chatlane` as a process of its own, with exactly this environment, to its end. */
export async function chatlane(words: readonly string[], env: Record<string, string>): Promise<Ended> {
  const child = spawn(process.execPath, ['--conditions=chatlane-source', main, ...words], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code, signal] = await once(child, 'close')
  return { code: code ?? signal, stdout, stderr, json: () => JSON.parse(stdout) }
}
