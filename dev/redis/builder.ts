/**
 * The process that builds a Redis: `builder.ts <version> <program>`. It ends with 0 when the program is there; otherwise its
 * last line on stderr says why not.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import RedisBinary from 'redis-memory-server/lib/util/RedisBinary.js'
import { withLock } from '../build/lock.ts'
import { programVersion } from './version.ts'

const downloadPatienceMs = 30_000
/** For one slow core. */
const buildPatienceMs = 20 * 60_000

const [version = '', program = ''] = process.argv.slice(2)
const folder = dirname(program)
const work = join(folder, 'building')

let building = false
const { promise: givenUp, reject: giveUp } = Promise.withResolvers<never>()
process.once('disconnect', () => {
  if (building) giveUp(new Error('nobody waits for it any more'))
  else process.exit(1)
})

try {
  mkdirSync(folder, { recursive: true })
  await withLock(join(folder, 'lock'), build)
  process.exit(0)
} catch (error) {
  console.error(reasonOf(error))
  process.exit(1)
}

async function build(): Promise<void> {
  // By somebody else, meanwhile.
  if (programVersion(program) !== undefined) return
  building = true
  // What is left of one that was killed.
  rmSync(work, { recursive: true, force: true })
  const tooLong = new Error(`it was not done within ${buildPatienceMs / 60_000} minutes`)
  const timers = [setTimeout(giveUp, buildPatienceMs, tooLong), watchDownload()]
  try {
    const made = await Promise.race([RedisBinary.default.getPath({ version, downloadDir: work }), givenUp])
    renameSync(made, program)
  } finally {
    for (const timer of timers) clearTimeout(timer)
    // To make and its compilers. This process has something to do yet.
    process.on('SIGTERM', () => {})
    process.kill(0, 'SIGTERM')
    rmSync(work, { recursive: true, force: true, maxRetries: 20 })
  }
}

/** Gives up a download that stands still. */
function watchDownload(): NodeJS.Timeout {
  let before = 0
  return setInterval(() => {
    const loading = readdirSync(work).find((name) => name.endsWith('.downloading'))
    const found = loading === undefined ? undefined : statSync(join(work, loading), { throwIfNoEntry: false })
    if (found === undefined) return
    if (found.size === before) giveUp(new Error(`nothing came of the download for ${downloadPatienceMs / 1000} s`))
    before = found.size
  }, downloadPatienceMs)
}

/** One line: of all that make said, the first about an error. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const lines = error.message.split('\n').filter((line) => line.trim() !== '')
  const code = 'code' in error ? String(error.code) : error.name
  return lines.find((line) => /\berror\b|not found|no such file/i.test(line)) ?? lines[0] ?? code
}
