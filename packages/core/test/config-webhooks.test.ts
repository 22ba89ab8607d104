import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ConfigError } from '../src/config/error.ts'
import { loadCliConfig, loadConfig } from '../src/config/load.ts'
import { secretsOf } from '../src/config/secrets.ts'

const enough = { UPONAI_API_KEY: 'key_for_tests', UPONAI_WORKSPACE_ID: '7' }
const url = 'https://crm.example.com/chatlane?key=1'
const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`
const next = `whsec_${Buffer.alloc(64, 2).toString('base64')}`

function problemsOf(env: Record<string, string>): Record<string, string> {
  try {
    loadConfig('worker', { ...enough, ...env })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return Object.fromEntries(error.problems.map(({ variable, message }) => [variable, message]))
  }
  return {}
}

test('without a URL there are no webhooks', () => {
  expect(loadConfig('worker', enough).webhooks).toBeUndefined()
})

test('a URL and a secret are enough, for every process', () => {
  const webhooks = { url, secret, attempts: 10, backoffMs: 5_000 }
  const env = { ...enough, WEBHOOK_URL: url, WEBHOOK_SECRET: secret }
  expect(loadConfig('worker', env).webhooks).toEqual(webhooks)
  expect(loadConfig('api', env).webhooks).toEqual(webhooks)
  expect(loadCliConfig(env).webhooks).toEqual(webhooks)
})

test('all of it can be set, secrets as files too, and no secret of it is logged', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'chatlane-config-')), 'secret')
  writeFileSync(file, `${secret}\n`)
  const config = loadConfig('worker', {
    ...enough,
    WEBHOOK_URL: url,
    WEBHOOK_SECRET_FILE: file,
    WEBHOOK_SECRET_NEXT: next,
    WEBHOOK_ATTEMPTS: '3',
    WEBHOOK_BACKOFF_MS: '20',
  })
  expect(config.webhooks).toEqual({ url, secret, secretNext: next, attempts: 3, backoffMs: 20 })
  expect(secretsOf(config)).toEqual(expect.arrayContaining([url, secret, next]))
})

test.each([
  [{ WEBHOOK_URL: url }, 'WEBHOOK_SECRET', 'expected with WEBHOOK_URL'],
  [{ WEBHOOK_SECRET: secret }, 'WEBHOOK_URL', 'expected with WEBHOOK_SECRET'],
  [{ WEBHOOK_SECRET_NEXT: next }, 'WEBHOOK_SECRET', 'expected with WEBHOOK_SECRET_NEXT'],
  [{ WEBHOOK_URL: 'crm.example.com', WEBHOOK_SECRET: secret }, 'WEBHOOK_URL', 'a URL such as https://'],
  [{ WEBHOOK_URL: 'https://user:pw@crm.example.com', WEBHOOK_SECRET: secret }, 'WEBHOOK_URL', 'without user name'],
  [{ WEBHOOK_URL: `${url}#x`, WEBHOOK_SECRET: secret }, 'WEBHOOK_URL', 'or fragment'],
  [{ WEBHOOK_URL: url, WEBHOOK_SECRET: 'c2VjcmV0' }, 'WEBHOOK_SECRET', 'whsec_ followed by 24 to 64 bytes'],
  [{ WEBHOOK_URL: url, WEBHOOK_SECRET: 'whsec_c2VjcmV0' }, 'WEBHOOK_SECRET', 'whsec_ followed by 24 to 64 bytes'],
  [{ WEBHOOK_URL: url, WEBHOOK_SECRET: `${secret}*` }, 'WEBHOOK_SECRET', 'whsec_ followed by 24 to 64 bytes'],
  [{ WEBHOOK_ATTEMPTS: '0' }, 'WEBHOOK_ATTEMPTS', 'an integer from 1 to 100'],
])('%o is refused, saying what was expected', (env, variable, message) => {
  expect(problemsOf(env)).toEqual({ [variable]: expect.stringContaining(message) })
})

test('no message tells the secret', () => {
  const wrong = 'whsec_not-base64-but-secret-all-the-same'
  expect(JSON.stringify(problemsOf({ WEBHOOK_URL: url, WEBHOOK_SECRET: wrong }))).not.toContain('secret-all')
})

test('a URL without encryption is warned of in production, and a misspelled variable everywhere', () => {
  const env = { ...enough, WEBHOOK_URL: 'http://crm.example.com', WEBHOOK_SECRET: secret }
  const warned = (more: Record<string, string>) => loadConfig('worker', { ...env, ...more }).warnings.join('\n')
  expect(warned({ NODE_ENV: 'production' })).toMatch(/WEBHOOK_URL begins with http:/)
  expect(warned({})).not.toMatch(/WEBHOOK_URL/)
  expect(warned({ WEBHOOK_SECRETS: 'x' })).toMatch(/WEBHOOK_SECRETS .*was WEBHOOK_SECRET meant/)
})
