import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { testRedisUrl } from '../index.ts'
import { redisProgram } from '../redis/program.ts'
import { startProgram } from './program.ts'

/** Mounts that nobody else sees, and that end with the process. */
const apart = ['--mount', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'])]
const fill = 'head -c 4m /dev/zero 2>/dev/null >"$TMPDIR/filler"'
const onceRunning = (words: string) =>
  `(until ls "$TMPDIR"/chatlane-demo-*/worker-1.log >/dev/null 2>&1; do sleep 0.1; done; ${words}) & `

describe('on a disk of 3 MB', () => {
  const allowed = mayMount()
  beforeEach(({ skip }) => skip(!allowed, 'this user may not mount a small disk'))

  test.each(['demo/main.ts', 'dev.ts'])('%s does not begin when it is full', async (file) => {
    const { code, output } = await onSmallDisk(`${fill}; `, file)
    expect(output).toMatch(/TMPDIR: no room is left in \S+; make some, or set TMPDIR to another folder\nleft: filler\n/)
    expect(output).not.toMatch(/\n\s+at /)
    expect(code).toBe(1)
  })

  describe.skipIf(redisProgram(process.env.PATH) === undefined)('with a Redis that is full with it', () => {
    test('the demo counts what happened, gives the one reason, and leaves nothing', async () => {
      const { code, output } = await onSmallDisk(onceRunning(fill), 'demo/main.ts', { REDIS_URL: '' })
      expect(output).toMatch(
        /expected +found\n[✔✖] messages written[\s\S]*\n\nTMPDIR: no room is left in .*\nleft: filler\n/,
      )
      expect(output).not.toMatch(/Did not happen|\n\s+at /)
      expect(code).toBe(1)
    })

    test('the demo tells its end also when its files cannot be removed', async () => {
      const hold = 'for at in "$TMPDIR"/chatlane-*; do mkdir "$at/held"; mount -t tmpfs none "$at/held"; done'
      const { code, output } = await onSmallDisk(onceRunning(`${hold}; ${fill}`), 'demo/main.ts', { REDIS_URL: '' })
      expect(output).toMatch(/Redis left something behind: .*\nLeft behind: .*\n\nTMPDIR: no room is left in .*\n/)
      expect(output).not.toMatch(/\n\s+at /)
      expect(code).toBe(1)
    })
  })
})

function mayMount(): boolean {
  try {
    execFileSync('unshare', [...apart, 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Runs a file of dev with its temporary files on a small disk; at the end of the output is what stays there. */
async function onSmallDisk(before: string, file: string, env: Record<string, string> = { REDIS_URL: testRedisUrl() }) {
  const TMPDIR = mkdtempSync(join(tmpdir(), 'chatlane-disk-'))
  onTestFinished(() => rmSync(TMPDIR, { recursive: true }))
  const run = `"${process.execPath}" --conditions=chatlane-source dev/${file}`
  const script = `mount -t tmpfs -o size=3m none "$TMPDIR" && { ${before}${run}; code=$?; echo "left: $(ls "$TMPDIR")"; exit $code; }`
  const program = startProgram('unshare', [...apart, 'sh', '-c', script], { ...env, TMPDIR })
  return { code: await program.ended, output: program.output() }
}
