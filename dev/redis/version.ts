import { execFileSync } from 'node:child_process'

/** BullMQ's and the lanes' scripts need it (docs/redis.md). */
const oldestMajor = 7

const patienceMs = 5_000

export const expectedRedis = `Redis ${oldestMajor}.0 or newer`

/** @param version as a server tells it: `6.0.16` */
export function isOldRedis(version: string): boolean {
  return Number.parseInt(version, 10) < oldestMajor
}

/** The version of a server program (`Redis server v=6.0.16 sha=…`); undefined when it does not tell one. */
export function programVersion(program: string): string | undefined {
  try {
    const said = execFileSync(program, ['--version'], { timeout: patienceMs, encoding: 'utf8', stdio: 'pipe' })
    return /\bv=(\d+(?:\.\d+)+)/.exec(said)?.[1]
  } catch {
    return undefined
  }
}
