import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { withLock } from '../build/lock.ts'

test('a lock is waited for while its holder lives, and taken over when that has died', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'chatlane-lock-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'lock')
  const holder = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  onTestFinished(() => void holder.kill('SIGKILL'))
  writeFileSync(file, String(holder.pid))

  const order: string[] = []
  const work = withLock(file, async () => void order.push('work'))
  const died = once(holder, 'exit').then(() => order.push('died'))
  holder.kill('SIGKILL')
  await Promise.all([died, work])
  expect(order).toEqual(['died', 'work'])
  await withLock(file, async () => void order.push('more work'))
  expect(order).toEqual(['died', 'work', 'more work'])
})
