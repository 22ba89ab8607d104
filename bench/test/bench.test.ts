import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const bench = (...words: string[]) =>
  promisify(execFile)(process.execPath, ['--conditions=chatlane-source', main, ...words])

test('measures all sides on every row and ends with one JSON object', async () => {
  const { stdout } = await bench('--json', '--rounds', '1', '--messages', '600', '--warm-up', '100')
  const { rows } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
  expect(rows).toHaveLength(2)
  for (const [i, row] of rows.entries()) {
    expect(row).toMatchObject({ n: i + 1, name: expect.stringContaining('600 messages'), met: expect.any(Boolean) })
    expect(row.value).toBeGreaterThan(0)
    const numbers = { plain: expect.any(Number), groupmq: expect.any(Number), groupmqBatching: expect.any(Number) }
    expect(row.against).toEqual(numbers)
    expect(row.ratio).toEqual(numbers)
  }
})

test('a wrong option is named, with what was expected', async () => {
  await expect(bench('--rows', '1,7')).rejects.toMatchObject({ stderr: expect.stringContaining('got "7"') })
  await expect(bench('--rounds', '0')).rejects.toMatchObject({ stderr: expect.stringContaining('above 0') })
})
