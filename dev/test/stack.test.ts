import { expect, test } from 'vitest'
import { testRedisUrl } from '../index.ts'
import { makeStack } from '../stack/stack.ts'
import { isServed, startSource } from './program.ts'

test('the stack ends with the process that started it, even when that is killed', async () => {
  const holder = startSource(new URL('./hold-stack.ts', import.meta.url), { REDIS_URL: testRedisUrl() })
  const [, ...urls] = await holder.says(/(http:\S+) (http:\S+)/)
  for (const url of urls) expect(await isServed(url)).toBe(true)

  holder.kill('SIGKILL')
  await holder.ended
  for (const url of urls) await expect.poll(() => isServed(url)).toBe(false)
})

test('a part that does not start says how it ended, with nothing left of it', async () => {
  const lines: string[] = []
  const stack = await makeStack({
    redisUrl: testRedisUrl(),
    settings: { UPONAI_WORKSPACE_ID: 'one' },
    onLine: (_, line) => lines.push(line),
  })
  await expect(stack.start('sandbox', 'sandbox')).rejects.toThrow('sandbox ended at its start: exit code 78')
  expect(lines.join()).toContain('UPONAI_WORKSPACE_ID')
})
