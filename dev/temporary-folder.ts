import { mkdtempSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const leastBytes = 1_000_000

/**
 * Makes a folder of one's own where this system keeps what is temporary.
 * @throws Error in one line that names the place and TMPDIR
 */
export function temporaryFolder(prefix: string): string {
  const full = fullTemporaryPlace()
  if (full !== undefined) throw new Error(full)
  try {
    return mkdtempSync(join(tmpdir(), prefix))
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : error
    throw new Error(`TMPDIR: expected a folder that takes files, but ${tmpdir()} does not (${reason})`)
  }
}

/** Says, in one line, that nothing more fits where this system keeps what is temporary; undefined while something does. */
export function fullTemporaryPlace(): string | undefined {
  const place = tmpdir()
  try {
    const { bsize, bavail, bfree } = statfsSync(place)
    // Root may use what is kept back from others.
    const free = (process.getuid?.() === 0 ? bfree : bavail) * bsize
    return free < leastBytes
      ? `TMPDIR: no room is left in ${place}; make some, or set TMPDIR to another folder`
      : undefined
  } catch {
    return undefined
  }
}
