import { expect, test } from 'vitest'
import { bench } from './bench.ts'

test('a wrong option is named, with what was expected', async () => {
  await expect(bench('--rows', '1,99')).rejects.toMatchObject({ stderr: expect.stringContaining('got "99"') })
  await expect(bench('--rounds', '0')).rejects.toMatchObject({ stderr: expect.stringContaining('above 0') })
  await expect(bench('--size', '-1')).rejects.toMatchObject({ stderr: expect.stringContaining('above 0') })
})

test('a comparison names what it cannot compare with', async () => {
  await expect(bench('--against', 'no-such-commit')).rejects.toMatchObject({
    stderr: expect.stringContaining('expected a commit of this repository, got "no-such-commit"'),
  })
  await expect(bench('--against', 'HEAD', '--rows', '1')).rejects.toMatchObject({
    stderr: expect.stringContaining('expected --rows 3 or 4'),
  })
})

test('the help tells every row and its reach', async () => {
  expect(await bench('--help')).toMatch(/ 1 +lanes.*≥ 1\.5 × plain BullMQ/)
})
