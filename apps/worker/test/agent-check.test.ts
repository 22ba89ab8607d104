import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freshPrefix, spawnProgram, type TestProcess, testRedisEnvironment } from '@chatlane/dev'
import { type SandboxClient, sandboxClient, sandboxCredentials, startSandbox } from '@chatlane/sandbox'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

const started: TestProcess[] = []
afterEach(() => {
  for (const worker of started.splice(0)) worker.process.kill('SIGKILL')
})

const sms = (sender: string, agent: string) => `  - sender: "${sender}"\n    inbound_agents: [{ agent_id: ${agent} }]\n`
const web = (key: string, agent: string) =>
  `  - public_key: ${key}\n    allowed_origins: ["https://www.example.com"]\n    agent_id: ${agent}\n`

/** A worker that is told where UponAI is, and a routes file that can be changed. */
function start(routes: string, env: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'chatlane-agents-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'routes.yaml')
  writeFileSync(file, routes)
  const worker = spawnProgram(main, {
    ...testRedisEnvironment(),
    REDIS_PREFIX: freshPrefix(),
    UPONAI_API_KEY: sandboxCredentials.uponaiApiKey,
    UPONAI_WORKSPACE_ID: String(sandboxCredentials.uponaiWorkspaceId),
    WORKER_PORT: '0',
    CHATLANE_CONFIG: file,
    ...env,
  })
  started.push(worker)
  return {
    worker,
    told: (event: string, more: (line: Record<string, unknown>) => boolean = () => true) =>
      worker.line((line) => line.event === event && more(line)),
    reload(text: string) {
      writeFileSync(file, text)
      worker.process.kill('SIGHUP')
    },
  }
}

async function sandboxOf(dialect: 'rest' | 'rpc'): Promise<{ control: SandboxClient; env: Record<string, string> }> {
  const sandbox = await startSandbox({ port: 0 })
  onTestFinished(() => sandbox.close())
  return { control: sandboxClient(sandbox.url), env: { UPONAI_BASE_URL: sandbox.uponaiUrl, UPONAI_DIALECT: dialect } }
}

const ready = (worker: TestProcess) => worker.line(({ msg }) => msg === 'worker ready')

describe.each(['rest', 'rpc'] as const)('%s', (dialect) => {
  test('an agent that does not exist is named with its routes, and again after a reload', async () => {
    const { control, env } = await sandboxOf(dialect)
    const routes = `sms:\n${sms('+15005550006', 'chat_agent_a')}${sms('+15005550010', 'chat_agent_missing')}`
    const { worker, told, reload } = start(`${routes}web:\n${web('pk_1', 'chat_agent_missing')}`, env)
    expect(await told('agent_missing')).toMatchObject({
      level: 'warn',
      agent: 'chat_agent_missing',
      routes: ['sms[1]', 'web[0]'],
    })
    await ready(worker)

    reload(`sms:\n${sms('+15005550006', 'chat_agent_a')}web:\n${web('pk_1', 'chat_agent_b')}`)
    expect(await told('agents_checked')).toMatchObject({ level: 'info', count: 2 })
    reload(`web:\n${web('pk_1', 'nobody')}`)
    expect(await told('agent_missing', ({ agent }) => agent === 'nobody')).toMatchObject({ routes: ['web[0]'] })
    const asked = (await control.history({ kind: 'uponai' })).filter((entry) => entry.kind === 'uponai')
    expect(new Set(asked.map(({ operation }) => operation))).toEqual(new Set(['agent-get']))

    worker.process.kill('SIGTERM')
    expect(await worker.exit).toBe(0)
  })

  test.each([
    ['fails', { kind: 'status', status: 503 }],
    ['refuses our credentials', { kind: 'status', status: 401 }],
    ['asks for a pause', { kind: 'status', status: 429, retry_after_s: 60 }],
  ] as const)('UponAI %s: that is said once, and the worker works', async (_what, fault) => {
    const { control, env } = await sandboxOf(dialect)
    await control.setFaults({ rules: [{ target: 'uponai', operation: 'agent-get', fault }] })
    const agents = [1, 2, 3, 4, 5, 6, 7].map((n) => web(`pk_${n}`, `chat_agent_${n}`)).join('')
    const { worker, told, reload } = start(`web:\n${agents}`, env)
    await ready(worker)
    expect(await told('agents_unchecked')).toMatchObject({ level: 'warn', err: { code: expect.any(String) } })
    expect(await control.history({ kind: 'uponai' })).toHaveLength(1)
    await control.clearFaults()
    reload(`web:\n${agents}`)
    expect(await told('agents_checked')).toMatchObject({ count: 7 })
    // Turns have never been held up by it.
    expect(worker.log.filter(({ event }) => event === 'uponai_paused')).toEqual([])
  })
})

test('a version that an agent does not have is named with its routes', async () => {
  const { env } = await sandboxOf('rpc')
  const agents = ['{ agent_id: chat_agent_a, agent_version: 7 }', '{ agent_id: chat_agent_b, agent_version: 0 }']
  const { told, reload } = start(`sms:\n  - sender: "+15005550006"\n    inbound_agents: [${agents}]\n`, env)
  expect(await told('agent_version_missing')).toMatchObject({
    level: 'warn',
    agent: 'chat_agent_a',
    version: 7,
    routes: ['sms[0]'],
  })
  reload(`web:\n${web('pk_1', 'chat_agent_c')}    agent_version: latest_published\n`)
  expect(await told('agent_version_missing', ({ agent }) => agent === 'chat_agent_c')).toMatchObject({
    version: 'latest_published',
    routes: ['web[0]'],
    why: 'no version of it is published',
  })
  reload(`web:\n${web('pk_1', 'chat_agent_c')}    agent_version: a-tag\n`)
  expect(await told('agents_checked')).toMatchObject({ count: 1 })
})

test('with UponAI away, or silent, the worker starts, warns and stops', async () => {
  const { worker, told } = start(`web:\n${web('pk_1', 'chat_agent_a')}`, { UPONAI_BASE_URL: 'http://127.0.0.1:1' })
  await ready(worker)
  expect(await told('agents_unchecked')).toMatchObject({ err: { code: 'UPONAI_UNREACHABLE' } })

  const { control, env } = await sandboxOf('rest')
  await control.setFaults({ rules: [{ target: 'uponai', fault: { kind: 'hang' } }] })
  const silent = start(`web:\n${web('pk_1', 'chat_agent_a')}`, env)
  await ready(silent.worker)
  await expect.poll(async () => (await control.history({ kind: 'uponai' })).length).toBe(1)
  silent.worker.process.kill('SIGTERM')
  expect(await silent.worker.exit).toBe(0)
})

test('without routes nobody is asked', async () => {
  const { control, env } = await sandboxOf('rest')
  const { worker } = start('', env)
  await ready(worker)
  worker.process.kill('SIGTERM')
  expect(await worker.exit).toBe(0)
  expect(await control.history({ kind: 'uponai' })).toEqual([])
})
