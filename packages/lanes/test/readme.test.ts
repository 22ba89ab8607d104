import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { testRedisUrl } from '@chatlane/dev'
import { expect, onTestFinished, test } from 'vitest'

const root = new URL('../', import.meta.url)

test('the example in the README runs as it is written there', async () => {
  const [, example = ''] = readFileSync(new URL('README.md', root), 'utf8').match(/```ts\n(.*?)```/s) ?? []
  const child = spawn(process.execPath, ['--conditions=chatlane-source', '--input-type=module-typescript', '-'], {
    cwd: fileURLToPath(root),
    env: { ...process.env, REDIS_URL: testRedisUrl(), NO_COLOR: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stderr.pipe(process.stderr, { end: false })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  child.stdin.end(example)
  const lines = (await text(child.stdout)).trimEnd().split('\n')
  expect(await ended).toEqual([0, null])
  const steps = ['place', 'change', 'cancel']
  expect(lines.filter((line) => line.startsWith('to'))).toEqual(steps.map((step) => `to alice: your order: ${step}`))
  expect(lines.filter((line) => line.includes('repeat'))).toEqual(
    steps.map((step) => `${step}: the repeat is a duplicate`),
  )
  expect(lines.at(-1)).toBe("[ 'place', 'change', 'cancel' ]")
})
