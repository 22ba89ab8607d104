import { personsWords, type WebRoute } from '@chatlane/core'
import { type FieldError, Problem } from '../problems.ts'

/** Characters of a value. What a visitor sets stands in the agent's prompt. */
const MOST_CHARACTERS = 500

interface Given {
  agent_version?: string | number | undefined
  metadata?: Record<string, unknown> | undefined
  dynamic_variables?: Record<string, string> | undefined
}

/**
 * Lets a browser set the variables that its route lists, and nothing that the agent or the business's own systems would take
 * for the business's word.
 * @returns the names of the variables that it set; undefined: none
 * @throws Problem `not_for_browsers` naming every field that is not the browser's to set
 */
export function requireOwnFields({ variables }: WebRoute, given: Given): string[] | undefined {
  const { agent_version: version, metadata = {}, dynamic_variables: values = {} } = given
  const errors: FieldError[] = []
  if (version !== undefined)
    errors.push({ path: 'agent_version', message: "expected none: the public key's route says it" })
  if (Object.keys(metadata).length > 0) {
    errors.push({ path: 'metadata', message: 'expected none: only a server with an API key sets metadata' })
  }
  for (const [name, value] of Object.entries(values)) {
    const path = `dynamic_variables.${name}`
    if (!variables.includes(name)) errors.push({ path, message: `expected ${listed(variables)}` })
    else if (!isPlain(value)) errors.push({ path, message: EXPECTED_VALUE })
  }
  if (errors.length > 0) {
    throw new Problem('not_for_browsers', errors.map(({ path, message }) => `${path}: ${message}`).join('; '), {
      errors,
    })
  }
  const names = Object.keys(values)
  return names.length > 0 ? names : undefined
}

const EXPECTED_VALUE = `expected one line of plain text of at most ${MOST_CHARACTERS} characters`

function listed(variables: readonly string[]): string {
  return variables.length === 0
    ? "none: the public key's route lists no variables"
    : `a variable that the public key's route lists: ${variables.join(', ')}`
}

/** A line of text without control characters, halves of characters and the marks of Chatlane's own words. */
function isPlain(value: string): boolean {
  return value.length <= MOST_CHARACTERS && !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(value) && personsWords(value) === value
}
