import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectTestRedis, freshPrefix, testRedisEnvironment } from '../index.ts'
import { type Program, root, startSource } from './program.ts'

/** What no sandbox may work for: the prefix of a deployment that reaches people. Nothing here asks an upstream anything. */

const redis = connectTestRedis()
afterAll(() => redis.disconnect())

const live = { UPONAI_API_KEY: 'a-real-key', UPONAI_WORKSPACE_ID: '7' }
const sandbox = { ...live, UPONAI_BASE_URL: 'http://127.0.0.1:1/uponai' }
const sandboxInContainers = { ...live, UPONAI_BASE_URL: 'http://sandbox:4010/uponai', UPONAI_API_KEY: 'sandbox-key' }
const liveBehindProxy = { ...sandbox, UPSTREAMS: 'live' }
const twilio = {
  TWILIO_ACCOUNT_SID: 'AC0123456789abcdef0123456789abcdef',
  TWILIO_AUTH_TOKEN: '0123456789abcdef0123456789abcdef',
  PUBLIC_URL: 'https://chat.example.com',
}
const other = { ...twilio, TWILIO_ACCOUNT_SID: 'ACffffffffffffffffffffffffffffffff' }
const sandboxOfTwilio = { ...live, ...twilio, TWILIO_BASE_URL: 'http://localhost:1/twilio' }

const mains = { api: 'apps/api/src/main.ts', worker: 'apps/worker/src/main.ts', cli: 'apps/cli/src/main.ts' }
const ready = /"msg":"(api|worker) ready"/

function start(name: keyof typeof mains, prefix: string, env: Record<string, string>, words: string[] = []): Program {
  return startSource(
    new URL(mains[name], `file://${root}`),
    {
      ...testRedisEnvironment(),
      REDIS_PREFIX: prefix,
      API_HOST: '127.0.0.1',
      API_PORT: '0',
      ADMIN_PORT: '0',
      WORKER_PORT: '0',
      ...env,
    },
    words,
  )
}

const prefixes = { live: '', sandbox: '' }
beforeAll(() => {
  prefixes.live = freshPrefix()
  prefixes.sandbox = freshPrefix()
})

test.each([
  ['live', live, liveBehindProxy],
  ['sandbox', sandbox, sandboxInContainers],
] as const)('processes of one kind (%s) work beside each other, whatever their addresses', async (kind, one, other) => {
  const [api, worker] = await Promise.all([begun('api', prefixes[kind], one), begun('worker', prefixes[kind], other)])
  await Promise.all([api.end(), worker.end()])
})

test.each([
  ['a sandbox’s worker', 'worker', sandbox, 'UPONAI_BASE_URL leads to a sandbox', 'live'],
  ['a sandbox’s api', 'api', sandbox, 'UPONAI_BASE_URL leads to a sandbox', 'live'],
  ['the containers’ sandbox', 'worker', sandboxInContainers, 'UPONAI_API_KEY leads to a sandbox', 'live'],
  ['a sandbox of Twilio alone', 'api', sandboxOfTwilio, 'TWILIO_BASE_URL leads to a sandbox', 'live'],
  ['a live worker', 'worker', live, 'UPONAI_BASE_URL leads to the real services', 'sandbox'],
  ['a live api', 'api', live, 'UPONAI_BASE_URL leads to the real services', 'sandbox'],
  ['a sandbox’s command line', 'cli', sandbox, 'UPONAI_BASE_URL leads to a sandbox', 'live'],
] as const)('%s ends with 78 where processes of the other kind were', async (_, name, env, words, owner) => {
  const intruder = start(name, prefixes[owner], env, name === 'cli' ? ['dead-letters', 'list'] : [])
  expect(await intruder.ended).toBe(78)
  const [line, ...more] = intruder
    .output()
    .split('\n')
    .filter((line) => line.startsWith('REDIS_PREFIX'))
  expect(line).toContain(words)
  expect(line).toContain('docs/configuration.md#redis_prefix')
  expect(more).toEqual([])
  expect(intruder.output()).not.toMatch(/\n\s+at /)
})

test.each([
  ['another workspace’s worker', 'worker', { ...live, UPONAI_WORKSPACE_ID: '8' }, 'UPONAI_WORKSPACE_ID: expected 7'],
  ['another workspace’s api', 'api', { ...live, UPONAI_WORKSPACE_ID: '8' }, 'UPONAI_WORKSPACE_ID: expected 7'],
  ['another workspace’s command line', 'cli', { ...live, UPONAI_WORKSPACE_ID: '8' }, 'UPONAI_WORKSPACE_ID: expected 7'],
  ['another Twilio account’s api', 'api', { ...live, ...other }, 'TWILIO_ACCOUNT_SID: expected AC0123456789abcdef'],
] as const)('%s ends with 78 where another deployment is, and leaves nothing there', async (_, name, env, words) => {
  const prefix = freshPrefix()
  await (await begun('worker', prefix, { ...live, ...twilio })).end()
  const before = await redis.hgetall(`${prefix}:accounts`)
  const intruder = start(name, prefix, env, name === 'cli' ? ['dead-letters', 'list'] : [])
  expect(await intruder.ended).toBe(78)
  expect(intruder.output()).toContain(words)
  expect(intruder.output()).toContain(`redis-cli HDEL ${prefix}:accounts`)
  expect(await redis.hgetall(`${prefix}:accounts`)).toEqual(before)
})

test('what one process of a deployment does not know of an account another one notes; keys may change', async () => {
  const prefix = freshPrefix()
  await (await begun('worker', prefix, live)).end()
  await (await begun('api', prefix, { ...live, ...twilio, UPONAI_API_KEY: 'the-next-key' })).end()
  expect(await redis.hgetall(`${prefix}:accounts`)).toEqual({
    UPONAI_WORKSPACE_ID: '7',
    TWILIO_ACCOUNT_SID: twilio.TWILIO_ACCOUNT_SID,
  })
  const intruder = start('worker', prefix, { ...live, UPONAI_WORKSPACE_ID: '8', ...other })
  expect(await intruder.ended).toBe(78)
  await redis.del(`${prefix}:accounts`)
  await (await begun('worker', prefix, { ...live, UPONAI_WORKSPACE_ID: '8' })).end()
})

test('a prefix from before the mark is live until a live process says so', async () => {
  const prefix = freshPrefix()
  await redis.zadd(`${prefix}:shards`, 1, 'highest')
  const early = start('worker', prefix, sandbox)
  expect(await early.ended).toBe(78)
  expect(early.output()).toContain('was in use before')
  await (await begun('worker', prefix, live)).end()
})

async function begun(name: 'api' | 'worker', prefix: string, env: Record<string, string>) {
  const program = start(name, prefix, env)
  await program.says(ready)
  return {
    end: async () => {
      program.kill('SIGTERM')
      expect(await program.ended, program.output()).toBe(0)
    },
  }
}
