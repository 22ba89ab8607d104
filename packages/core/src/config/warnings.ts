import type { ProcessName } from './contradictions.ts'
import { nearest } from './spelling.ts'
import { secretVariables, variableNames } from './variables.ts'

const shortestGoodSecret = 32

/** What works, but probably not as meant. */
export function findWarnings(
  processName: ProcessName,
  given: Record<string, string>,
  env: Record<string, string | undefined>,
  routesFile: string | undefined,
): string[] {
  if (processName === 'cli') return misspelled(env)
  const warnings: string[] = []
  if (!given.TWILIO_ACCOUNT_SID) warnings.push('TWILIO_ACCOUNT_SID is not set: no SMS, its routes answer 404')
  if (!routesFile)
    warnings.push('CHATLANE_CONFIG is not set and ./chatlane.yaml not there: no number or web key is known')
  if (processName === 'api') {
    if (!given.API_KEYS) warnings.push('API_KEYS is not set: the server-to-server API answers 401')
    const secret = given.SESSION_SECRET
    if (!secret)
      warnings.push('SESSION_SECRET is not set: browser sessions end with this process, and no other accepts them')
    else if (secret.length < shortestGoodSecret)
      warnings.push(
        `SESSION_SECRET is shorter than ${shortestGoodSecret} characters: easier to guess than it should be`,
      )
  }
  if (given.NODE_ENV === 'production' && given.WEBHOOK_URL?.startsWith('http:'))
    warnings.push('WEBHOOK_URL begins with http: message texts and addresses go there unencrypted')
  if (given.NODE_ENV === 'production' && given.LOG_CONTENT === 'true')
    warnings.push('LOG_CONTENT is true: message texts and full addresses are logged in production')
  return [...warnings, ...misspelled(env)]
}

function misspelled(env: Record<string, string | undefined>): string[] {
  const known = [...variableNames, ...secretVariables.map((name) => `${name}_FILE`)]
  return Object.keys(env).flatMap((name) => {
    if (
      known.includes(name) ||
      !/^(REDIS|UPONAI|TWILIO|API|ADMIN|WORKER|CHATLANE|TURN|QUEUE|SESSION|WEBHOOK|AUTO|COALESCE)_/.test(name)
    )
      return []
    const meant = nearest(name, known)
    return meant ? [`${name} is not a variable of Chatlane: was ${meant} meant?`] : []
  })
}
