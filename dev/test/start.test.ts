import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { freshPrefix, testRedisEnvironment, testRedisUrl } from '../index.ts'
import { freePort } from '../redis/free-port.ts'
import { stackEnvironment } from '../stack/environment.ts'
import { isServed, root, startProgram } from './program.ts'

const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))

/** As pnpm does it: the process that gets the signal is the one that was started. */
function startScript(name: string, env: Record<string, string>) {
  return startProgram('sh', ['-c', scripts[name] ?? ''], env)
}

test('sandbox, api and two workers, started at the same time, end on SIGTERM and SIGINT with 0', async () => {
  const url = async () => `http://127.0.0.1:${await freePort()}`
  const [sandboxUrl, apiUrl, adminUrl] = [await url(), await url(), await url()]
  const env = {
    ...stackEnvironment({ redisUrl: testRedisUrl(), sandboxUrl, apiUrl, adminUrl }),
    ...testRedisEnvironment(),
    REDIS_PREFIX: freshPrefix(),
    WORKER_PORT: '0',
  }
  const [sandbox, api, ...workers] = ['sandbox', 'api', 'worker', 'worker'].map((name) =>
    startScript(`start:${name}`, env),
  )
  if (!sandbox || !api) throw new Error('expected two programs')
  await sandbox.says(/sandbox listening on/)
  await api.says(/"msg":"api ready"/)
  const ports = await Promise.all(workers.map((worker) => worker.says(/"port":(\d+),.*"msg":"worker ready"/)))
  const urls = [sandboxUrl, apiUrl, adminUrl, ...ports.map(([, port]) => `http://127.0.0.1:${port}`)]
  for (const served of urls) expect(await isServed(`${served}/healthz`)).toBe(true)

  const programs = [sandbox, api, ...workers]
  for (const [i, program] of programs.entries()) program.kill(i % 2 === 0 ? 'SIGTERM' : 'SIGINT')
  expect(await Promise.all(programs.map(({ ended }) => ended))).toEqual([0, 0, 0, 0])
  for (const served of urls) expect(await isServed(`${served}/healthz`)).toBe(false)
})

test('a start that lacks its settings says which and ends with 78', async () => {
  const worker = startScript('start:worker', {})
  expect(await worker.ended).toBe(78)
  expect(worker.output()).toMatch(/UPONAI_API_KEY/)
})
