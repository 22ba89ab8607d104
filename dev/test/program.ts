import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Program {
  kill(signal: NodeJS.Signals): void
  /** What it wrote so far, on both outputs. */
  output(): string
  /** The first match in what it writes; rejects when it ends without one. */
  says(pattern: RegExp): Promise<RegExpExecArray>
  /** Its exit code, or the signal that ended it. */
  ended: Promise<number | string>
}

/** Starts a program at the top of the project; what is left of it is killed after the test. */
export function startProgram(program: string, words: string[], env: Record<string, string>): Program {
  const child = spawn(program, words, { cwd: root, env: cleanEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      child.emit('said')
    })
  }
  const ended = once(child, 'close').then(([code, signal]): number | string => code ?? signal)
  return {
    kill: (signal) => void child.kill(signal),
    output: () => output,
    ended,
    async says(pattern) {
      for (;;) {
        const match = pattern.exec(output)
        if (match) return match
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`ended without ${pattern}:\n${output}`)
        await Promise.race([once(child, 'said'), ended])
      }
    },
  }
}

/** A program of the project, from source. */
export function startSource(file: URL, env: Record<string, string>, words: string[] = []): Program {
  return startProgram(process.execPath, ['--conditions=chatlane-source', fileURLToPath(file), ...words], env)
}

/** Whether somebody listens there. */
export async function isServed(url: string): Promise<boolean> {
  const response = await fetch(url).catch(() => undefined)
  await response?.body?.cancel()
  return response !== undefined
}

/** Nothing of vitest, and no colours that a terminal would get. */
function cleanEnvironment(env: Record<string, string>): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env
  return { PATH, HOME, ...env }
}
