import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError } from '../src/config/error.ts'
import { loadConfig } from '../src/config/load.ts'
import { secretsOf } from '../src/config/secrets.ts'

const account = `AC${'0'.repeat(32)}`
const enough = { UPONAI_API_KEY: 'key_for_tests', UPONAI_WORKSPACE_ID: '7' }
const twilio = { TWILIO_ACCOUNT_SID: account, TWILIO_AUTH_TOKEN: 'auth-token', PUBLIC_URL: 'https://chat.example.com' }

const started = process.cwd()
const root = mkdtempSync(join(tmpdir(), 'chatlane-config-'))
let folder = root
beforeAll(() => process.chdir(root))
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'))
})
afterAll(() => {
  process.chdir(started)
  rmSync(root, { recursive: true })
})

/** A secret as openssl makes them. */
const random = (seed: number) => createHash('sha256').update(String(seed)).digest('hex')

type Env = Record<string, string | undefined>

function problemsOf(env: Env, processName: 'api' | 'worker' = 'api'): Record<string, string> {
  try {
    loadConfig(processName, env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return Object.fromEntries(error.problems.map(({ variable, message }) => [variable, message]))
  }
  return {}
}

test('the least environment gives the documented defaults', () => {
  const { sessionSecret, warnings, ...config } = loadConfig('api', enough)
  expect(config).toEqual({
    redis: { url: 'redis://127.0.0.1:6379', prefix: 'chatlane', minReplicas: 0 },
    upstreams: { kind: 'live', variable: 'UPONAI_BASE_URL', accounts: { UPONAI_WORKSPACE_ID: '7' } },
    uponai: {
      baseUrl: 'https://api.upon-ai.com',
      apiKey: 'key_for_tests',
      workspaceId: 7,
      dialect: 'rest',
      timeoutMs: 60_000,
      completionTimeoutMs: 300_000,
      webhookKey: 'key_for_tests',
      webhookHeader: 'x-retell-signature',
    },
    api: { host: '0.0.0.0', port: 3000, trustProxy: 0, maxConnections: 10_000 },
    admin: { host: '127.0.0.1', port: 3001 },
    worker: { host: '127.0.0.1', port: 9464, concurrency: 200 },
    apiKeys: [],
    autoCloseAfterMs: 3_600_000,
    coalesceWindowMs: 0,
    queueShards: 1,
    turns: { attempts: 8, backoffMs: 1000, whenUnclear: 'send_again' },
    log: { level: 'info', content: false },
    production: false,
  })
  expect(sessionSecret.length).toBeGreaterThanOrEqual(32)
  expect(warnings).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^TWILIO_ACCOUNT_SID .*404/),
      expect.stringMatching(/^API_KEYS .*401/),
      expect.stringMatching(/^SESSION_SECRET /),
    ]),
  )
})

test('a completion gets no less time than other requests, unless it is said', () => {
  const completion = (env: Record<string, string>) =>
    loadConfig('worker', { ...enough, ...env }).uponai.completionTimeoutMs
  expect(completion({ UPONAI_TIMEOUT_MS: '600000' })).toBe(600_000)
  expect(completion({ UPONAI_TIMEOUT_MS: '1000' })).toBe(300_000)
  expect(completion({ UPONAI_COMPLETION_TIMEOUT_MS: '20000' })).toBe(20_000)
})

test('every variable reaches its place', () => {
  writeFileSync(join(folder, 'routes.yaml'), '')
  const config = loadConfig('api', {
    ...enough,
    ...twilio,
    REDIS_URL: 'rediss://user:pass%20word@redis.example.com:6380/2',
    REDIS_SENTINELS: 'one.example.com:26379, [::1]:26380',
    REDIS_SENTINEL_NAME: 'main',
    REDIS_PREFIX: 'other',
    REDIS_MIN_REPLICAS: '2',
    UPSTREAMS: 'live',
    UPONAI_BASE_URL: 'http://127.0.0.1:4010/uponai/',
    UPONAI_DIALECT: 'rpc',
    UPONAI_TIMEOUT_MS: '1500',
    UPONAI_COMPLETION_TIMEOUT_MS: '90000',
    UPONAI_WEBHOOK_KEY: 'webhook key',
    UPONAI_WEBHOOK_HEADER: 'X-UponAI-Signature',
    TWILIO_AUTH_TOKEN_NEXT: 'next-token',
    TWILIO_API_KEY_SID: `SK${'a'.repeat(32)}`,
    TWILIO_API_KEY_SECRET: 'key-secret',
    TWILIO_BASE_URL: 'http://127.0.0.1:4010/twilio',
    PUBLIC_URL: 'https://chat.example.com/base/',
    API_HOST: '::',
    API_PORT: '80',
    API_TRUST_PROXY: '2',
    API_MAX_CONNECTIONS: '20000',
    ADMIN_HOST: 'localhost',
    ADMIN_PORT: '0',
    WORKER_HOST: '10.0.0.1',
    WORKER_PORT: '0',
    API_KEYS: ` ${random(1)}, ${random(2)},`,
    SESSION_SECRET: 'a secret that is long enough for everyone',
    CHATLANE_CONFIG: join(folder, 'routes.yaml'),
    AUTO_CLOSE_AFTER_MS: '0',
    COALESCE_WINDOW_MS: '1500',
    WORKER_CONCURRENCY: '5',
    QUEUE_SHARDS: '4',
    TURN_ATTEMPTS: '3',
    TURN_BACKOFF_MS: '50',
    TURN_WHEN_UNCLEAR: 'dead_letter',
    LOG_LEVEL: 'debug',
    LOG_CONTENT: 'true',
    NODE_ENV: 'production',
  })
  expect(config).toEqual({
    redis: {
      url: 'rediss://user:pass%20word@redis.example.com:6380/2',
      sentinels: [
        { host: 'one.example.com', port: 26379 },
        { host: '::1', port: 26380 },
      ],
      sentinelName: 'main',
      prefix: 'other',
      minReplicas: 2,
    },
    upstreams: { kind: 'live', variable: 'UPSTREAMS', accounts: expect.any(Object) },
    uponai: {
      baseUrl: 'http://127.0.0.1:4010/uponai',
      apiKey: 'key_for_tests',
      workspaceId: 7,
      dialect: 'rpc',
      timeoutMs: 1500,
      completionTimeoutMs: 90_000,
      webhookKey: 'webhook key',
      webhookHeader: 'x-uponai-signature',
    },
    twilio: {
      accountSid: account,
      authToken: 'auth-token',
      authTokenNext: 'next-token',
      apiKeySid: `SK${'a'.repeat(32)}`,
      apiKeySecret: 'key-secret',
      baseUrl: 'http://127.0.0.1:4010/twilio',
    },
    publicUrl: 'https://chat.example.com/base',
    api: { host: '::', port: 80, trustProxy: 2, maxConnections: 20_000 },
    admin: { host: 'localhost', port: 0 },
    worker: { host: '10.0.0.1', port: 0, concurrency: 5 },
    apiKeys: [random(1), random(2)],
    sessionSecret: 'a secret that is long enough for everyone',
    routesFile: join(folder, 'routes.yaml'),
    autoCloseAfterMs: 0,
    coalesceWindowMs: 1500,
    queueShards: 4,
    turns: { attempts: 3, backoffMs: 50, whenUnclear: 'dead_letter' },
    log: { level: 'debug', content: true },
    production: true,
    warnings: [expect.stringMatching(/^LOG_CONTENT /)],
  })
  expect(secretsOf(config)).toEqual(
    expect.arrayContaining([
      'pass word',
      'pass%20word',
      'auth-token',
      'next-token',
      'key-secret',
      random(1),
      'webhook key',
    ]),
  )
})

test('an empty value counts as not set', () => {
  expect(loadConfig('api', { ...enough, REDIS_PREFIX: '', API_PORT: '', TWILIO_ACCOUNT_SID: '' })).toMatchObject({
    redis: { prefix: 'chatlane' },
    api: { port: 3000 },
  })
  expect(problemsOf({ ...enough, UPONAI_API_KEY: '' })).toEqual({ UPONAI_API_KEY: expect.stringContaining('not set') })
})

describe('a badly formed value is refused, saying what was expected', () => {
  test.each([
    ['REDIS_URL', 'http://127.0.0.1', 'redis://'],
    ['REDIS_URL', 'redis://:%zz@host', 'redis://'],
    ['REDIS_URL', 'redis://host/first', 'redis://'],
    ['REDIS_CLUSTER', 'localhost', 'host:port'],
    ['REDIS_CLUSTER', 'localhost:99999', 'host:port'],
    ['REDIS_PREFIX', 'a{b}', 'characters'],
    ['REDIS_MIN_REPLICAS', '-1', 'an integer from 0 to 10, not "-1"'],
    ['UPONAI_BASE_URL', 'api.upon-ai.com', 'https://'],
    ['UPONAI_BASE_URL', 'https://user:pw@api.upon-ai.com', 'https://'],
    ['UPONAI_WORKSPACE_ID', 'seven', 'an integer'],
    ['UPONAI_DIALECT', 'soap', 'rest or rpc, not "soap"'],
    ['UPONAI_TIMEOUT_MS', '1e3', 'an integer from 100 to 3600000'],
    ['UPONAI_WEBHOOK_HEADER', 'x signature', 'HTTP header'],
    ['TWILIO_ACCOUNT_SID', 'AC123', '32 hexadecimal digits'],
    ['TWILIO_API_KEY_SID', account, 'SK followed by'],
    ['PUBLIC_URL', 'https://chat.example.com/?a=b', 'https://'],
    ['PUBLIC_URL', 'ftp://chat.example.com', 'https://'],
    ['API_HOST', 'http://localhost', 'host name'],
    ['API_PORT', '65536', 'an integer from 0 to 65535, not "65536"'],
    ['API_TRUST_PROXY', 'true', 'an integer from 0 to 10'],
    ['API_MAX_CONNECTIONS', '0', 'an integer from 1 to 1000000'],
    ['WORKER_CONCURRENCY', '0', 'an integer from 1 to'],
    ['WORKER_CONCURRENCY', '2.5', 'an integer from 1 to'],
    ['QUEUE_SHARDS', 'NaN', 'an integer from 1 to'],
    ['API_KEYS', 'one, two words', 'comma-separated'],
    ['API_KEYS', ',', 'comma-separated'],
    ['LOG_LEVEL', 'verbose', 'info'],
    ['LOG_CONTENT', 'yes', 'true or false, not "yes"'],
  ])('%s=%s', (variable, value, expected) => {
    expect(problemsOf({ ...enough, ...twilio, [variable]: value })[variable]).toContain(expected)
  })
})

describe('a contradiction is refused', () => {
  test.each<[string, Env, string[]]>([
    [
      'cluster and sentinels',
      { REDIS_CLUSTER: 'a:1', REDIS_SENTINELS: 'b:2', REDIS_SENTINEL_NAME: 'm' },
      ['REDIS_CLUSTER'],
    ],
    ['cluster and a database', { REDIS_CLUSTER: 'a:1', REDIS_URL: 'redis://a/3' }, ['REDIS_URL']],
    ['sentinels without a name', { REDIS_SENTINELS: 'b:2' }, ['REDIS_SENTINEL_NAME']],
    ['a name without sentinels', { REDIS_SENTINEL_NAME: 'm' }, ['REDIS_SENTINELS']],
    ['rest without workspace', { UPONAI_WORKSPACE_ID: '' }, ['UPONAI_WORKSPACE_ID']],
    ['account without token and public URL', { TWILIO_ACCOUNT_SID: account }, ['TWILIO_AUTH_TOKEN', 'PUBLIC_URL']],
    ['token without account', { TWILIO_AUTH_TOKEN: 'token' }, ['TWILIO_ACCOUNT_SID']],
    ['Twilio without a public URL', { ...twilio, PUBLIC_URL: undefined }, ['PUBLIC_URL']],
    ['next token alone', { TWILIO_AUTH_TOKEN_NEXT: 'token' }, ['TWILIO_AUTH_TOKEN']],
    [
      'API key in place of the token',
      { ...twilio, TWILIO_AUTH_TOKEN: '', TWILIO_API_KEY_SID: `SK${'1'.repeat(32)}`, TWILIO_API_KEY_SECRET: 'secret' },
      ['TWILIO_AUTH_TOKEN'],
    ],
    ['API key without secret', { ...twilio, TWILIO_API_KEY_SID: `SK${'1'.repeat(32)}` }, ['TWILIO_API_KEY_SECRET']],
    ['API secret without key', { ...twilio, TWILIO_API_KEY_SECRET: 'secret' }, ['TWILIO_API_KEY_SID']],
    ['production without secrets', { NODE_ENV: 'production' }, ['API_KEYS', 'SESSION_SECRET']],
    ['one port for two listeners', { API_PORT: '3001' }, ['ADMIN_PORT']],
    ['a routes file that is not there', { CHATLANE_CONFIG: '/nowhere/chatlane.yaml' }, ['CHATLANE_CONFIG']],
    ['a routes file that is a folder', { CHATLANE_CONFIG: '/' }, ['CHATLANE_CONFIG']],
  ])('%s', (_, env, variables) => {
    expect(Object.keys(problemsOf({ ...enough, ...env })).sort()).toEqual(variables.sort())
  })

  test('but not in what is allowed', () => {
    expect(problemsOf({ UPONAI_API_KEY: 'key', UPONAI_DIALECT: 'rpc' })).toEqual({})
    expect(problemsOf({ ...enough, ...twilio })).toEqual({})
    expect(problemsOf({ ...enough, API_HOST: '10.0.0.1', API_PORT: '3001' })).toEqual({})
    expect(problemsOf({ ...enough, NODE_ENV: 'production' }, 'worker')).toEqual({})
    expect(problemsOf({ ...enough, NODE_ENV: 'production', API_KEYS: random(1), SESSION_SECRET: random(2) })).toEqual(
      {},
    )
  })
})

describe('in production secrets that can be guessed are refused', () => {
  const production = { ...enough, NODE_ENV: 'production', API_KEYS: random(1), SESSION_SECRET: random(2) }
  test.each([
    ['a short key', { API_KEYS: `${random(1)},short` }, 'API_KEYS', /32 random characters/],
    ['a short secret', { SESSION_SECRET: random(2).slice(0, 31) }, 'SESSION_SECRET', /32 random characters/],
    ['a long secret of few characters', { SESSION_SECRET: 'ab'.repeat(20) }, 'SESSION_SECRET', /32 random characters/],
    [
      "the sandbox's secret",
      { SESSION_SECRET: 'sandbox-session-secret-known-to-everybody' },
      'SESSION_SECRET',
      /nobody/,
    ],
    ["dev's secret", { SESSION_SECRET: 'known to everybody: for this machine only' }, 'SESSION_SECRET', /nobody/],
    ['a key twice', { API_KEYS: `${random(1)},${random(1)}` }, 'API_KEYS', /another secret/],
    ['a key as the secret', { SESSION_SECRET: random(1) }, 'SESSION_SECRET', /another secret/],
    ["UponAI's key as our own", { UPONAI_API_KEY: random(1) }, 'API_KEYS', /another secret/],
  ])('%s', (_, env, variable, message) => {
    expect(problemsOf({ ...production, ...env })).toEqual({ [variable]: expect.stringMatching(message) })
  })

  test('not where there is a sandbox behind them, nor in a process that does not use them', () => {
    const weak = { ...production, API_KEYS: 'a,a', SESSION_SECRET: 'x' }
    expect(problemsOf({ ...weak, UPONAI_BASE_URL: 'http://127.0.0.1:4010/uponai' })).toEqual({})
    expect(problemsOf(weak, 'worker')).toEqual({})
  })
})

test('all problems are told at once, each once', () => {
  const problems = problemsOf({
    UPONAI_TIMEOUT_MS: 'soon',
    API_PORT: 'x',
    REDIS_SENTINELS: 'nowhere',
    NODE_ENV: 'production',
  })
  expect(Object.keys(problems).sort()).toEqual([
    'API_KEYS',
    'API_PORT',
    'REDIS_SENTINELS',
    'REDIS_SENTINEL_NAME',
    'SESSION_SECRET',
    'UPONAI_API_KEY',
    'UPONAI_TIMEOUT_MS',
    'UPONAI_WORKSPACE_ID',
  ])
})

describe('a secret from a file', () => {
  test('is read without the line end', () => {
    writeFileSync(join(folder, 'key'), 'key_from_file\n')
    const config = loadConfig('worker', { UPONAI_API_KEY_FILE: join(folder, 'key'), UPONAI_WORKSPACE_ID: '1' })
    expect(config.uponai.apiKey).toBe('key_from_file')
  })

  test('and given directly is a contradiction', () => {
    writeFileSync(join(folder, 'key'), 'other')
    expect(problemsOf({ ...enough, UPONAI_API_KEY_FILE: join(folder, 'key') })).toEqual({
      UPONAI_API_KEY_FILE: expect.stringContaining('not both'),
    })
  })

  test('that is missing, empty or a folder is one problem', () => {
    writeFileSync(join(folder, 'empty'), '\n')
    mkdirSync(join(folder, 'folder'))
    for (const name of ['missing', 'empty', 'folder']) {
      const file = join(folder, name)
      expect(problemsOf({ UPONAI_API_KEY_FILE: file, UPONAI_WORKSPACE_ID: '1' })).toEqual({
        UPONAI_API_KEY_FILE: expect.stringContaining(file),
      })
    }
  })

  test('of bad form is a problem that does not show it', () => {
    writeFileSync(join(folder, 'key'), 'two secret words')
    const problems = problemsOf({ UPONAI_API_KEY_FILE: join(folder, 'key'), UPONAI_WORKSPACE_ID: '1' })
    expect(problems).toEqual({ UPONAI_API_KEY: expect.stringContaining('without spaces') })
    expect(JSON.stringify(problems)).not.toContain('two secret words')
  })
})

test('the message of a problem never shows a secret', () => {
  const secret = 'sec ret\u0001value'
  const names = ['REDIS_URL', 'UPONAI_API_KEY', 'TWILIO_AUTH_TOKEN', 'TWILIO_API_KEY_SECRET', 'API_KEYS']
  const problems = problemsOf({ ...enough, ...Object.fromEntries(names.map((name) => [name, secret])) })
  expect(Object.keys(problems)).toEqual(expect.arrayContaining(names))
  expect(JSON.stringify(problems)).not.toContain('sec ret')
})

test('the random session secret differs at each start', () => {
  expect(loadConfig('api', enough).sessionSecret).not.toBe(loadConfig('api', enough).sessionSecret)
})

test('chatlane.yaml in the working folder is the routes file', () => {
  expect(loadConfig('api', enough).routesFile).toBeUndefined()
  process.chdir(folder)
  writeFileSync('chatlane.yaml', '')
  expect(loadConfig('api', enough).routesFile).toBe('./chatlane.yaml')
  process.chdir(root)
})

test('a variable that looks misspelled is warned of', () => {
  const { warnings } = loadConfig('worker', {
    ...enough,
    WORKER_CONCURENCY: '5',
    TWILIO_AUTHTOKEN: 'x',
    API_GATEWAY: 'y',
  })
  expect(warnings).toContainEqual(expect.stringMatching(/WORKER_CONCURENCY.*WORKER_CONCURRENCY/))
  expect(warnings).toContainEqual(expect.stringMatching(/TWILIO_AUTHTOKEN.*TWILIO_AUTH_TOKEN/))
  expect(warnings.join()).not.toContain('API_GATEWAY')
})

describe('a process with a bad configuration', () => {
  const run = (code: string, env: Env) =>
    spawnSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8', env })
  const source = (path: string) => JSON.stringify(new URL(`../src/${path}`, import.meta.url).href)

  test('says a line per problem, where to read more, and ends with 78', () => {
    const code = `
      import { exitOnConfigError } from ${source('config/error.ts')}
      import { loadConfig } from ${source('config/load.ts')}
      exitOnConfigError(() => loadConfig('api', process.env))`
    const { status, stdout, stderr } = run(code, {
      UPONAI_TIMEOUT_MS: 'soon',
      UPONAI_WORKSPACE_ID: '1',
      API_KEYS_FILE: '/no',
    })
    expect(status).toBe(78)
    expect(stdout).toBe('')
    expect(stderr.trimEnd().split('\n').sort()).toEqual([
      'API_KEYS_FILE: expected a readable file with the value in it, not "/no"; see docs/configuration.md#api_keys',
      "UPONAI_API_KEY: expected UponAI's API key (without spaces), but it is not set; see docs/configuration.md#uponai_api_key",
      'UPONAI_TIMEOUT_MS: expected an integer from 100 to 3600000, not "soon"; see docs/configuration.md#uponai_timeout_ms',
    ])
  })

  test('also for a bad routes file', () => {
    const file = join(folder, 'routes.yaml')
    writeFileSync(file, 'sms:\n  - sendr: "+15005550006"\n')
    const code = `
      import { exitOnConfigError } from ${source('config/error.ts')}
      import { watchRoutes } from ${source('routing/holder.ts')}
      exitOnConfigError(() => watchRoutes(${JSON.stringify(file)}))`
    const { status, stderr } = run(code, {})
    expect(status).toBe(78)
    expect(stderr).toMatch(/routes\.yaml:2: sms\[0\]\.sendr: expected one of .*did you mean sender\?\n$/)
  })
})

test.each([
  ['http://127.0.0.1:4010/uponai', 'sandbox'],
  ['http://127.1:4010', 'sandbox'],
  ['http://localhost:4010', 'sandbox'],
  ['http://uponai.localhost', 'sandbox'],
  ['http://[::1]:4010', 'sandbox'],
  ['http://[::ffff:127.0.0.1]:4010', 'sandbox'],
  ['http://0.0.0.0:4010', 'sandbox'],
  ['https://api.upon-ai.com', 'live'],
  ['https://localhost.example.com', 'live'],
  ['http://10.0.0.7:8080', 'live'],
])('messages that go to %s reach: %s', (UPONAI_BASE_URL, kind) => {
  expect(loadConfig('worker', { ...enough, UPONAI_BASE_URL }).upstreams.kind).toBe(kind)
})
