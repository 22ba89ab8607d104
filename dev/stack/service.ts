import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as passed } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const lookEveryMs = 50
const startPatienceMs = 30_000
const stopPatienceMs = 15_000

export interface ServiceOptions {
  /** As people read it: `api`, `worker 2`. */
  name: string
  /** The source file to run, from the top of the project. */
  program: string
  env: Record<string, string>
  /** Answers 200 when the service is ready. */
  readyUrl: string
  /** Takes what the service writes, line by line. */
  onLine: (line: string) => void
}

/** One process of the stack, run from source. It ends with the process that started it, even if that is killed. */
export interface Service {
  name: string
  pid: number
  /** How it ended, once it has: `exit code 1`, `SIGKILL`. */
  ended: Promise<string>
  /** SIGTERM, and SIGKILL for one that does not mind it. */
  stop(): Promise<void>
  /** As `kill -9`. */
  kill(): Promise<void>
}

/** Starts a service and waits until it is ready. Rejects, with nothing left running, when it ends or is not ready in time. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { name, onLine } = options
  const child = fork(inProject(options.program), {
    // A session of its own: a Ctrl-C is for the one who stops the stack in order.
    detached: true,
    env: options.env,
    execArgv: ['--conditions=chatlane-source', '--import', new URL('./tether.ts', import.meta.url).href],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  for (const output of [child.stdout, child.stderr]) if (output) createInterface({ input: output }).on('line', onLine)
  const ended = once(child, 'exit').then(([code, signal]) => (code === null ? String(signal) : `exit code ${code}`))
  const service: Service = {
    name,
    pid: child.pid ?? 0,
    ended,
    stop: () => end(child, ended, 'SIGTERM'),
    kill: () => end(child, ended, 'SIGKILL'),
  }
  try {
    await ready(service, options.readyUrl)
    return service
  } catch (error) {
    await service.kill()
    throw error
  }
}

async function end(child: ChildProcess, ended: Promise<string>, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal)
  const late = setTimeout(() => child.kill('SIGKILL'), stopPatienceMs)
  await ended
  clearTimeout(late)
}

async function ready({ name, ended }: Service, url: string): Promise<void> {
  let how: string | undefined
  void ended.then((end) => {
    how = end
  })
  for (const deadline = Date.now() + startPatienceMs; Date.now() < deadline; await passed(lookEveryMs)) {
    if (how !== undefined) throw new Error(`${name} ended at its start: ${how}`)
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok) return
  }
  throw new Error(`${name}: expected 200 from ${url} within ${startPatienceMs / 1000} s of its start`)
}

function inProject(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url))
}
