import type { Config } from './config.ts'
import type { ConfigProblem } from './error.ts'

const LEAST_CHARACTERS = 32
const LEAST_DIFFERENT = 8

/** What this project's own files have for a sandbox, and what documentation has in their place. */
const KNOWN = /known.to.everybody|sandbox|dev-key|change.?me|example/i

/** What is wrong with secrets that we choose ourselves and that strangers may try to guess. */
export function findWeakSecrets({ apiKeys, sessionSecret, uponai, twilio }: Config): ConfigProblem[] {
  const others = [uponai.apiKey, twilio?.authToken]
  const weakKey = apiKeys
    .map((key, i) => weaknessOf(key, [...apiKeys.slice(0, i), ...others]))
    .find((weakness) => weakness !== undefined)
  const weakSecret = weaknessOf(sessionSecret, [...apiKeys, ...others])
  return [
    ...(weakKey === undefined ? [] : [{ variable: 'API_KEYS', message: weakKey }]),
    ...(weakSecret === undefined ? [] : [{ variable: 'SESSION_SECRET', message: weakSecret }]),
  ]
}

function weaknessOf(secret: string, others: readonly (string | undefined)[]): string | undefined {
  if (secret.length < LEAST_CHARACTERS || new Set(secret).size < LEAST_DIFFERENT)
    return `expected at least ${LEAST_CHARACTERS} random characters in production, such as: openssl rand -hex 32`
  if (KNOWN.test(secret)) return 'expected a secret that nobody else knows in production, such as: openssl rand -hex 32'
  if (others.includes(secret)) return 'expected another secret than what stands elsewhere in the settings'
  return undefined
}
