import { expect, test } from 'vitest'
import { isServed, startSource } from '../../dev/test/program.ts'

const main = new URL('../main.ts', import.meta.url)
const chaos = (...words: string[]) => startSource(main, {}, words)

/** Fixed: what fails here fails again. */
const SEED = '20260101'

test('a short run with all faults: nothing lost, nothing twice, nothing out of order', async () => {
  const run = chaos('--seed', SEED, '--minutes', '0.8', '--rate', '25', '--people', '80', '--json')
  const code = await run.ended
  expect(code, run.output()).toBe(0)
  const result = JSON.parse(run.output().trimEnd().split('\n').at(-1) ?? '')
  expect(result).toMatchObject({ ok: true, seed: Number(SEED), broken: [], misbehaviour: [] })
  expect(result.accepted).toBeGreaterThan(300)
  const injected: { name: string; injected: number }[] = result.injected
  const hit = injected.filter((fault) => fault.injected > 0).map(({ name }) => name)
  expect(hit).toEqual(expect.arrayContaining(['kill-worker', 'freeze-worker', 'kill-api', 'redis-kill', 'chat-ended']))
  expect(hit.length).toBeGreaterThan(25)
}, 420_000)

test('Ctrl-C, which pnpm hands on a second time, ends the run and all that it started', async () => {
  const run = chaos('--seed', '1', '--minutes', '5', '--faults', 'freeze-*,kill-*', '--rate', '10', '--people', '40')
  await run.says(/people, [1-9]\d* faults/)
  run.kill('SIGINT')
  run.kill('SIGINT')
  expect(await run.ended).toBe(130)
  const urls = [...run.output().matchAll(/http:\/\/127\.0\.0\.1:\d+/g)].map(([url]) => url)
  expect(urls).toHaveLength(3)
  for (const url of urls) expect(await isServed(url)).toBe(false)
})

test('a wrong option is named, with what was expected', async () => {
  const faults = chaos('--faults', 'kill-everything')
  expect(await faults.ended).toBe(1)
  expect(faults.output()).toMatch(/kill-worker(.|\n)*got "kill-everything"/)
  const minutes = chaos('--minutes', '0')
  expect(await minutes.ended).toBe(1)
  expect(minutes.output()).toContain('expected a number above 0')
})
