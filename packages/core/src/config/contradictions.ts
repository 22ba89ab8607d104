import { statSync } from 'node:fs'
import type { ConfigProblem } from './error.ts'

/** `cli`: the operators' command line, which needs Redis; what else a command needs it says itself. */
export type ProcessName = 'api' | 'worker' | 'cli'

/**
 * What is wrong between variables, each of which may be right. Looks only at the texts, so that it can be told together
 * with badly formed values.
 */
export function findContradictions(processName: ProcessName, given: Record<string, string>): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const report = (wrong: boolean, variable: string, message: string) => {
    if (wrong) problems.push({ variable, message })
  }
  const has = (name: string) => given[name] !== undefined
  const needs = (name: string, other: string) =>
    report(has(name) && !has(other), other, `expected with ${name}, but it is not set`)

  const clustered = has('REDIS_CLUSTER')
  report(clustered && has('REDIS_SENTINELS'), 'REDIS_CLUSTER', 'expected either a cluster or REDIS_SENTINELS, not both')
  report(
    clustered && /\/0*[1-9]\d*$/.test(given.REDIS_URL ?? ''),
    'REDIS_URL',
    'expected no database number with REDIS_CLUSTER: a cluster has only database 0',
  )
  needs('REDIS_SENTINELS', 'REDIS_SENTINEL_NAME')
  needs('REDIS_SENTINEL_NAME', 'REDIS_SENTINELS')
  needs('REDIS_SENTINEL_PASSWORD', 'REDIS_SENTINELS')
  needs('REDIS_TLS_CERT_FILE', 'REDIS_TLS_KEY_FILE')
  needs('REDIS_TLS_KEY_FILE', 'REDIS_TLS_CERT_FILE')
  for (const name of ['REDIS_TLS_CA_FILE', 'REDIS_TLS_CERT_FILE', 'REDIS_TLS_KEY_FILE'])
    report(
      has(name) && !given.REDIS_URL?.startsWith('rediss:'),
      name,
      'expected only with rediss:// in REDIS_URL, which stands for TLS',
    )

  const serves = processName !== 'cli'
  report(
    serves && (given.UPONAI_DIALECT ?? 'rest') === 'rest' && !has('UPONAI_WORKSPACE_ID'),
    'UPONAI_WORKSPACE_ID',
    'expected an integer, required for UPONAI_DIALECT=rest, but it is not set',
  )

  // Only who takes webhooks verifies signatures, which an API key cannot do.
  const keyIsEnough = !serves && has('TWILIO_API_KEY_SID')
  const anyway = serves ? '' : ', or TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET'
  report(
    has('TWILIO_ACCOUNT_SID') && !has('TWILIO_AUTH_TOKEN') && !keyIsEnough,
    'TWILIO_AUTH_TOKEN',
    `expected with TWILIO_ACCOUNT_SID${anyway}, but it is not set`,
  )
  if (serves) needs('TWILIO_ACCOUNT_SID', 'PUBLIC_URL')
  needs('TWILIO_AUTH_TOKEN', 'TWILIO_ACCOUNT_SID')
  needs('TWILIO_AUTH_TOKEN_NEXT', 'TWILIO_AUTH_TOKEN')
  needs('TWILIO_API_KEY_SID', 'TWILIO_API_KEY_SECRET')
  needs('TWILIO_API_KEY_SID', keyIsEnough ? 'TWILIO_ACCOUNT_SID' : 'TWILIO_AUTH_TOKEN')
  needs('TWILIO_API_KEY_SECRET', 'TWILIO_API_KEY_SID')

  needs('WEBHOOK_URL', 'WEBHOOK_SECRET')
  needs('WEBHOOK_SECRET', 'WEBHOOK_URL')
  needs('WEBHOOK_SECRET_NEXT', 'WEBHOOK_SECRET')

  if (processName === 'api') {
    const missing = (name: string) => given.NODE_ENV === 'production' && !has(name)
    report(missing('API_KEYS'), 'API_KEYS', 'expected a comma-separated list of API keys, required in production')
    report(missing('SESSION_SECRET'), 'SESSION_SECRET', 'expected a long random text, required in production')
    report(listenersCollide(given), 'ADMIN_PORT', 'expected another port than API_PORT on the same host')
  }

  const routesFile = given.CHATLANE_CONFIG
  report(
    serves && routesFile !== undefined && !statSync(routesFile, { throwIfNoEntry: false })?.isFile(),
    'CHATLANE_CONFIG',
    `expected the path of a file, but there is none at "${routesFile}"`,
  )
  return onePerVariable(problems)
}

function listenersCollide(given: Record<string, string>): boolean {
  const ports = [given.API_PORT ?? '3000', given.ADMIN_PORT ?? '3001']
  if (ports[0] !== ports[1] || ports[0] === '0') return false
  const hosts = [given.API_HOST ?? '0.0.0.0', given.ADMIN_HOST ?? '127.0.0.1']
  return hosts[0] === hosts[1] || hosts.includes('0.0.0.0') || hosts.includes('::')
}

const onePerVariable = (problems: ConfigProblem[]) =>
  problems.filter((problem, index) => problems.findIndex(({ variable }) => variable === problem.variable) === index)
