import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as passed } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { profiling, WORKER_FLAGS } from '../node-flags.ts'
import { type Probed, probed } from './probed.ts'

/** Looked at so often while a worker starts, ms. */
const LOOK_EVERY_MS = 10
const START_PATIENCE_MS = 60_000

/** A worker process as users start it, from built code. */
export interface Worker {
  /** When it was started and when it said that it is ready, ms since 1970. */
  spawnedAt: number
  readyAt: number
  /** Its memory, after a garbage collection if asked for, and the CPU time it took. */
  probe(options?: { gc: boolean }): Promise<Probed>
  /** In order: what it has in hand waits again. */
  stop(): Promise<void>
  /** At once: what it has in hand is of no interest any more. */
  kill(): Promise<void>
}

const readyLine = z.object({ msg: z.literal('worker ready'), time: z.iso.datetime() })

/**
 * @param env its whole environment, but for the address of its health
 * @param profileTo a folder for profiles of its CPU time
 */
export async function startWorker(env: Record<string, string>, profileTo?: string): Promise<Worker> {
  // Its log, a line per turn, goes where nobody has to read it: that would cost what is measured.
  const folder = mkdtempSync(join(tmpdir(), 'chatlane-bench-'))
  const log = join(folder, 'worker.log')
  const probeUrl = new URL('./probe.ts', import.meta.url).href
  const spawnedAt = Date.now()
  const child = fork(fileURLToPath(new URL('../../apps/worker/dist/main.js', import.meta.url)), {
    env: { ...env, WORKER_PORT: '0' },
    execArgv: [...WORKER_FLAGS, ...profiling(profileTo), '--expose-gc', '--import', probeUrl],
    stdio: ['ignore', openSync(log, 'a'), 'ignore', 'ipc'],
  })
  const ended = once(child, 'exit')
  // Only an orderly end writes a profile.
  const atOnce = profileTo === undefined ? 'SIGKILL' : 'SIGTERM'
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const readyAt = await ready(child, log)
    return {
      spawnedAt,
      readyAt,
      probe: (options) => probe(child, options?.gc ?? false),
      stop: () => end('SIGTERM'),
      kill: () => end(atOnce),
    }
  } catch (error) {
    await end('SIGKILL')
    throw error
  }
}

async function probe(child: ChildProcess, gc: boolean): Promise<Probed> {
  const said = once(child, 'message')
  child.send({ gc })
  const [message] = await said
  return probed.parse(message)
}

/** Gives the time at which it was. */
async function ready(child: ChildProcess, log: string): Promise<number> {
  for (const deadline = Date.now() + START_PATIENCE_MS; Date.now() < deadline; await passed(LOOK_EVERY_MS)) {
    const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1)
    for (const line of lines) {
      const said = readyLine.safeParse(JSON.parse(line)).data
      if (said) return Date.parse(said.time)
    }
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`a worker ended at its start: ${lines.at(-1) ?? 'it said nothing'}`)
    }
  }
  throw new Error(`a worker was not ready within ${START_PATIENCE_MS / 1_000} s`)
}
