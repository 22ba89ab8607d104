import { expect, test } from 'vitest'
import { ConfigError } from '../src/config/error.ts'
import { loadCliConfig } from '../src/config/load.ts'
import { requireTwilio } from '../src/config/required.ts'
import { secretsOf } from '../src/config/secrets.ts'

const account = `AC${'0'.repeat(32)}`

function problemsOf(work: () => unknown): string[] {
  try {
    work()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ variable }) => variable)
    throw error
  }
  return []
}

test('the command line needs nothing, and takes what is there', () => {
  const { redis, uponai, twilio, warnings } = loadCliConfig({})
  expect({ redis, uponai, twilio, warnings }).toEqual({
    redis: { url: 'redis://127.0.0.1:6379', prefix: 'chatlane', minReplicas: 0 },
    uponai: undefined,
    twilio: undefined,
    warnings: [],
  })
  const env = { TWILIO_ACCOUNT_SID: account, TWILIO_AUTH_TOKEN: 'token', UPONAI_API_KEY: 'key', CHATLANE_CONFIG: '/no' }
  const config = loadCliConfig({ ...env, NODE_ENV: 'production' })
  expect(config).toMatchObject({ uponai: { apiKey: 'key' }, routesFile: '/no' })
  expect(requireTwilio(config)).toEqual({ accountSid: account, authToken: 'token' })
  expect(secretsOf(config)).toEqual(expect.arrayContaining(['key', 'token']))
})

test('what is there has to be right', () => {
  expect(problemsOf(() => loadCliConfig({ REDIS_URL: 'x' }))).toEqual(['REDIS_URL'])
  expect(problemsOf(() => loadCliConfig({ REDIS_SENTINELS: '127.0.0.1:1' }))).toEqual(['REDIS_SENTINEL_NAME'])
  expect(problemsOf(() => loadCliConfig({ TWILIO_ACCOUNT_SID: account }))).toEqual(['TWILIO_AUTH_TOKEN'])
})

test('an API key is enough to ask Twilio', () => {
  const apiKey = { TWILIO_API_KEY_SID: `SK${'1'.repeat(32)}`, TWILIO_API_KEY_SECRET: 'secret-of-the-key' }
  const config = loadCliConfig({ ...apiKey, TWILIO_ACCOUNT_SID: account })
  expect(requireTwilio(config)).toEqual({
    accountSid: account,
    apiKeySid: apiKey.TWILIO_API_KEY_SID,
    apiKeySecret: apiKey.TWILIO_API_KEY_SECRET,
  })
  expect(secretsOf(config)).toContain(apiKey.TWILIO_API_KEY_SECRET)
  expect(problemsOf(() => loadCliConfig(apiKey))).toEqual(['TWILIO_ACCOUNT_SID'])
  expect(() => loadCliConfig({ TWILIO_ACCOUNT_SID: account })).toThrow(
    /or TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET/,
  )
  const half = { TWILIO_ACCOUNT_SID: account, TWILIO_API_KEY_SID: apiKey.TWILIO_API_KEY_SID }
  expect(problemsOf(() => loadCliConfig(half))).toEqual(['TWILIO_API_KEY_SECRET'])
})

test('a command that needs Twilio names what is not set', () => {
  expect(problemsOf(() => requireTwilio(loadCliConfig({})))).toEqual(['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN'])
})

test('a misspelled variable is the only thing to warn of', () => {
  expect(loadCliConfig({ REDIS_PREFIKS: 'x', LOG_CONTENT: 'true', NODE_ENV: 'production' }).warnings).toEqual([
    'REDIS_PREFIKS is not a variable of Chatlane: was REDIS_PREFIX meant?',
  ])
})
