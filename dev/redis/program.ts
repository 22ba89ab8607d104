import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expectedRedis, isOldRedis, programVersion } from './version.ts'

/** The first redis-server or valkey-server on a PATH that is new enough. */
export function redisProgram(path = ''): string | undefined {
  return lookForRedis(path).program
}

/** The same, with why there is none: `/usr/bin/redis-server is 6.0.16, expected Redis 7.0 or newer`. */
export function lookForRedis(path = ''): { program?: string; why: string } {
  const folders = path.split(delimiter).filter((folder) => folder !== '')
  const found = ['redis-server', 'valkey-server']
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .filter(isExecutable)
  const unfit: string[] = []
  for (const program of new Set(found)) {
    const version = programVersion(program)
    if (version !== undefined && !isOldRedis(version)) return { program, why: '' }
    unfit.push(version ? `${program} is ${version}, expected ${expectedRedis}` : `${program} does not tell its version`)
  }
  return { why: unfit.length > 0 ? unfit.join(', ') : 'no redis-server or valkey-server on the PATH' }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
