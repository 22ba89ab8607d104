import { readFileSync } from 'node:fs'
import type { ConfigProblem } from './error.ts'
import { secretVariables, variableNames } from './variables.ts'

/** The variables that are set, secrets taken from their files. An empty value counts as not set. */
export function readVariables(env: Record<string, string | undefined>): {
  values: Record<string, string>
  problems: ConfigProblem[]
} {
  const values: Record<string, string> = {}
  const problems: ConfigProblem[] = []
  for (const name of variableNames) {
    const value = env[name]
    if (value) values[name] = value
  }
  for (const name of secretVariables) {
    const variable = `${name}_FILE`
    const file = env[variable]
    if (!file) continue
    if (values[name] !== undefined) {
      problems.push({ variable, message: `expected either ${name} or ${variable}, not both` })
      continue
    }
    const secret = readSecret(file)
    if (secret) values[name] = secret
    else problems.push({ variable, message: `expected a readable file with the value in it, not "${file}"` })
  }
  return { values, problems }
}

function readSecret(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
}
