import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'

const module = JSON.stringify(new URL('../src/logging/logger.ts', import.meta.url).href)
const chatty = `
  import { createLogger } from ${module}
  const logger = createLogger({ level: 'info', content: false }, { service: 'worker' })
  let ticks = 0
  const timer = setInterval(() => {
    logger.info('tick')
    process.stderr.write(String(++ticks) + ' ')
    if (ticks === 20) clearInterval(timer)
  }, 20)`

function start(stdout: 'pipe' | number) {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', chatty], {
    stdio: ['ignore', stdout, 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

test('a reader of the log who is gone holds nothing up', async () => {
  const child = start('pipe')
  child.stdout?.destroy()
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  expect(await once(child, 'exit')).toEqual([0, null])
  expect(said).toContain(' 20 ')
})

test('a log that cannot be written ends the process, rather than hang it', async () => {
  const child = start(openSync('/dev/full', 'w'))
  child.stderr?.resume()
  const [code] = await once(child, 'exit')
  expect(code).not.toBe(0)
})
