import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The first redis-server or valkey-server on a PATH. */
export function redisProgram(path = ''): string | undefined {
  const folders = path.split(delimiter).filter((folder) => folder !== '')
  return ['redis-server', 'valkey-server']
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
