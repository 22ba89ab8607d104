import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Makes a folder of one's own where this system keeps what is temporary.
 * @throws Error in one line that names the place and TMPDIR
 */
export function temporaryFolder(prefix: string): string {
  try {
    return mkdtempSync(join(tmpdir(), prefix))
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : error
    throw new Error(`TMPDIR: expected a folder that takes files, but ${tmpdir()} does not (${reason})`)
  }
}
