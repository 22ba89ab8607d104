import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { temporaryFolder } from '../temporary-folder.ts'
import { freePort } from './free-port.ts'
import type { KeptRedis } from './kept-redis.ts'
import { settingArguments } from './settings.ts'

const portTries = 5

/** A server program of this machine, bound to 127.0.0.1, with its files in a temporary folder; or a sentinel, which is one too. */
export function localRedis(program: string, settings: Record<string, string>, sentinel = false): KeptRedis {
  let folder = ''
  let port: number | undefined
  let busPort: number | undefined
  let server: ChildProcess | undefined

  async function start(): Promise<void> {
    if (port !== undefined) return run(port)
    folder = temporaryFolder('chatlane-redis-')
    // another process may take the free port first
    for (let tries = 1; ; tries++) {
      const candidate = await freePort()
      busPort = undefined
      try {
        await run(candidate)
        port = candidate
        return
      } catch (error) {
        if (tries === portTries || !/Address already in use/.test(String(error))) throw error
      }
    }
  }

  async function run(onPort: number): Promise<void> {
    const own = { bind: '127.0.0.1', port: String(onPort), dir: folder, ...(await clusterBus()), ...settings }
    const words = sentinel ? sentinelArguments(folder, own) : settingArguments(own)
    server = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] })
    await ready(program, server)
  }

  /** A cluster's nodes talk to each other on a second port: by default 10,000 above the first, which there may not be. */
  async function clusterBus(): Promise<Record<string, string>> {
    if (settings['cluster-enabled'] !== 'yes') return {}
    busPort ??= await freePort()
    return { 'cluster-port': String(busPort) }
  }

  async function signal(name: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    if (!server?.kill(name)) throw new Error(`${program}: expected it to run`)
  }

  async function kill(): Promise<void> {
    if (!server || server.exitCode !== null || server.signalCode !== null || server.pid === undefined) return
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
  }

  return {
    url: () => `redis://127.0.0.1:${port}`,
    how: () => `${program} on 127.0.0.1:${port}`,
    start,
    kill,
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    stop: async () => {
      await kill()
      if (folder) rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Waits for the line with which a server says that it is ready; goes on reading, or the pipes would fill up. */
async function ready(program: string, server: ChildProcess): Promise<void> {
  const said: string[] = []
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.once('close', () => reject(new Error(`${program} ended at once: ${said.slice(-5).join(' | ')}`)))
    const listen = (line: string) => {
      if (/Ready to accept connections|Sentinel ID is/.test(line)) resolve()
      else if (said.push(line) > 50) said.shift()
    }
    // a mistake in the settings is told on stderr
    for (const output of [server.stdout, server.stderr]) {
      if (output) createInterface({ input: output }).on('line', listen)
    }
  })
}

/** A sentinel keeps what it learns in its configuration file: the first start makes one, the next ones find it. */
function sentinelArguments(folder: string, settings: Record<string, string>): string[] {
  const file = join(folder, 'sentinel.conf')
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}\n`)
  if (!existsSync(file)) writeFileSync(file, lines.join(''))
  return [file, '--sentinel']
}
