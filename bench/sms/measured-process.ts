import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as passed } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { profiling } from '../node-flags.ts'
import { endOf } from './child.ts'

export interface MeasuredOptions {
  /** From the top of the project. */
  program: string
  /** That top, when it is not this one. */
  root?: string
  env: Record<string, string>
  /** For Node.js. */
  flags?: string[]
  /** Answers 200 when the process is ready; without it the process says so itself. */
  readyUrl?: string
  /** The folder for a profile of its CPU time. */
  profileTo?: string | undefined
}

/** A process whose CPU time is measured, as users start it. */
export interface MeasuredProcess {
  /** User and system, since its start, microseconds. */
  cpuMicros(): Promise<number>
  stop(): Promise<void>
}

const cpuSchema = z.object({ cpuMicros: z.number() })
const LOOK_EVERY_MS = 20
const START_PATIENCE_MS = 30_000

export async function startMeasured({
  program,
  root = fileURLToPath(new URL('../../', import.meta.url)),
  env,
  flags = [],
  readyUrl,
  profileTo,
}: MeasuredOptions): Promise<MeasuredProcess> {
  const child = fork(join(root, program), {
    env,
    execArgv: [...flags, ...profiling(profileTo), '--import', new URL('./cpu-probe.ts', import.meta.url).href],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  // Only an orderly end writes a profile.
  const signal = profileTo === undefined ? 'SIGKILL' : 'SIGTERM'
  const stop = () => endOf(child, () => child.kill(signal))
  try {
    await (readyUrl === undefined ? saysSo(child, program) : answers(child, program, readyUrl))
  } catch (error) {
    await stop()
    throw error
  }
  return {
    stop,
    cpuMicros: async () => {
      const said = once(child, 'message')
      child.send('cpu')
      return cpuSchema.parse((await said)[0]).cpuMicros
    },
  }
}

async function saysSo(child: ChildProcess, program: string): Promise<void> {
  await Promise.race([once(child, 'message'), once(child, 'exit').then(() => Promise.reject(ended(program)))])
}

async function answers(child: ChildProcess, program: string, url: string): Promise<void> {
  for (const deadline = Date.now() + START_PATIENCE_MS; Date.now() < deadline; await passed(LOOK_EVERY_MS)) {
    if (child.exitCode !== null) throw ended(program)
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok) return
  }
  throw new Error(`${program}: expected 200 from ${url}`)
}

function ended(program: string): Error {
  return new Error(`${program} ended at its start`)
}
