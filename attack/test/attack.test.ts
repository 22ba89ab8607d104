import { expect, test } from 'vitest'
import { isServed, startSource } from '../../dev/test/program.ts'
import { ROWS } from '../rows.ts'

const main = new URL('../main.ts', import.meta.url)
const attack = (...words: string[]) => startSource(main, {}, words)

test('a short run of every attack: nobody else has an error, and no attacker gets what it must not get', async () => {
  const run = attack('--seed', '20260101', '--seconds', '1', '--no-times', '--json')
  const code = await run.ended
  const result = JSON.parse(run.output().trimEnd().split('\n').at(-1) ?? '')
  const noticed = ROWS.map(({ name }) => ({ name, errors: [], got_through: [], ok: true }))
  expect(result.rows, run.output()).toMatchObject(noticed)
  expect(code, run.output()).toBe(0)
}, 420_000)

test('Ctrl-C, which pnpm hands on a second time, ends the run and all that it started', async () => {
  const run = attack('--seed', '1', '--rows', '12')
  await run.says(/readiness from outside/)
  run.kill('SIGINT')
  run.kill('SIGINT')
  expect(await run.ended).toBe(130)
  const urls = [...run.output().matchAll(/http:\/\/127\.0\.0\.1:\d+/g)].map(([url]) => url)
  expect(urls).toHaveLength(2)
  for (const url of urls) expect(await isServed(url)).toBe(false)
})

test('a wrong option is named, with what was expected', async () => {
  const run = attack('--rows', '99')
  expect(await run.ended).toBe(1)
  expect(run.output()).toMatch(/expected a whole number from 1 to 15/)
})
