import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

const lookAgainMs = 50

/** Does the work while no other process of this machine does work under the same lock file. */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  while (!take(file)) {
    const other = holder(file)
    if (other !== undefined && !isAlive(other)) rmSync(file, { force: true })
    await pause(lookAgainMs)
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

/** A link appears with its content at once: nobody reads a lock without its holder. */
function take(file: string): boolean {
  const own = `${file}-${process.pid}`
  writeFileSync(own, String(process.pid))
  try {
    linkSync(own, file)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(own)
  }
}

/** Undefined: released meanwhile. */
function holder(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
