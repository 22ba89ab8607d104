import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { testRedisUrl } from '../index.ts'
import { isServed, startProgram, startSource } from './program.ts'

test('the demo does all it promises, tells it in 100 plain columns, and leaves nothing running', async () => {
  const demo = startSource(new URL('../demo/main.ts', import.meta.url), { REDIS_URL: testRedisUrl() })
  const code = await demo.ended
  expect(code, demo.output()).toBe(0)

  const lines = demo.output().split('\n')
  expect(lines.filter((line) => [...line].length > 100)).toEqual([])
  expect(lines.filter((line) => line.includes('\u001b'))).toEqual([])

  const urls = [...demo.output().matchAll(/http:\/\/127\.0\.0\.1:\d+/g)].map(([url]) => url)
  expect(urls).toHaveLength(2)
  for (const url of urls) expect(await isServed(url)).toBe(false)
})

test('a demo that cannot start says why, once, in one line, leaves nothing and does not end with 0', async () => {
  const TMPDIR = ownFolder()
  const demo = startSource(new URL('../demo/main.ts', import.meta.url), { REDIS_URL: 'redis://127.0.0.1:1', TMPDIR })
  expect(await demo.ended).toBe(1)
  expect(
    demo.output().match(/REDIS_URL: expected a Redis at redis:\/\/127\.0\.0\.1:1.*or unset REDIS_URL/g),
  ).toHaveLength(1)
  expect(demo.output()).not.toMatch(/What the processes wrote|\n\s+at /)
  expect(readdirSync(TMPDIR)).toEqual([])
})

test.each(['demo/main.ts', 'dev.ts'])('%s without a Redis says what to do about it, once', async (file) => {
  const program = startSource(new URL(`../${file}`, import.meta.url), { CHATLANE_REDIS: 'local', PATH: '' })
  expect(await program.ended).toBe(1)
  expect(program.output().match(/no redis-server or valkey-server on the PATH/g)).toHaveLength(1)
  expect(program.output().match(/brew install redis/g)).toHaveLength(1)
  expect(program.output()).not.toMatch(/\n\s+at /)
})

test.each(['demo/main.ts', 'dev.ts'])('%s without a place for temporary files says so in one line', async (file) => {
  const program = startSource(new URL(`../${file}`, import.meta.url), { TMPDIR: '/proc/none' })
  expect(await program.ended).toBe(1)
  expect(program.output()).toMatch(/TMPDIR: expected a folder that takes files, but \/proc\/none does not/)
  expect(program.output()).not.toMatch(/\n\s+at /)
})

test.each(['demo/main.ts', 'dev.ts'])(
  '%s whose reader leaves ends without a word, and leaves nothing',
  async (file) => {
    const TMPDIR = ownFolder()
    const source = fileURLToPath(new URL(`../${file}`, import.meta.url))
    const command = `"${process.execPath}" --conditions=chatlane-source "${source}" | head -n 1`
    const piped = startProgram('sh', ['-c', command], { REDIS_URL: testRedisUrl(), TMPDIR })
    await piped.ended
    expect(piped.output().trim().split('\n')).toHaveLength(1)
    await expect.poll(() => readdirSync(TMPDIR)).toEqual([])
  },
)

function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'chatlane-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('Ctrl-C, which pnpm hands on a second time, ends the demo and all that it started', async () => {
  const demo = startSource(new URL('../demo/main.ts', import.meta.url), { REDIS_URL: testRedisUrl() })
  await demo.says(/Bruno .*lamp/)
  demo.kill('SIGINT')
  demo.kill('SIGINT')
  expect(await demo.ended).toBe(130)
  const urls = [...demo.output().matchAll(/http:\/\/127\.0\.0\.1:\d+/g)].map(([url]) => url)
  expect(urls).toHaveLength(2)
  for (const url of urls) expect(await isServed(url)).toBe(false)
})
