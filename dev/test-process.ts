import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { z } from 'zod'

/** A process that a test looks at: what it writes, and how it ends. */
export interface TestProcess {
  process: ChildProcess
  /** Lines of the log. */
  log: Record<string, unknown>[]
  stderr: string[]
  /** Resolves with a line of the log, past or to come. */
  line(matches: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>
  /** Resolves with the exit code, or the signal that ended it. */
  exit: Promise<number | string>
}

const tether = new URL('./stack/tether.ts', import.meta.url).href

/**
 * Starts a source file that logs JSON as a process of its own, with exactly this environment. It ends with the process that
 * started it, and holds none of its outputs: whoever runs a test that failed in the middle would wait for these for ever.
 */
export function spawnProgram(file: string, env: Record<string, string>): TestProcess {
  const child = spawn(process.execPath, ['--conditions=chatlane-source', '--import', tether, file], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  if (!child.stdout || !child.stderr) throw new Error('expected pipes')
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
