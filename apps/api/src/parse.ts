import { z } from 'zod'
import { Problem } from './problems.ts'

/** What was expected, where a schema does not say it itself. */
const kinds: Record<string, string> = {
  string: 'a text',
  boolean: 'true or false',
  number: 'a number',
  object: 'a JSON object',
  record: 'a JSON object',
  array: 'a list',
}

/**
 * The input in the schema's form.
 * @throws Problem `invalid_request` with every field that is wrong
 */
export function parse<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input, { error: expectedOf })
  if (parsed.success) return parsed.data
  const errors = parsed.error.issues.flatMap((issue) => {
    const path = issue.path.map(String)
    if (issue.code !== 'unrecognized_keys') return { path: path.join('.'), message: issue.message }
    return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: unknownField(schema, path) }))
  })
  const detail = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ')
  throw new Problem('invalid_request', detail, { errors })
}

function expectedOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type': {
      const kind = kinds[issue.expected]
      return kind && `expected ${kind}`
    }
    case 'too_small':
      return issue.origin === 'string' ? `expected a text of at least ${issue.minimum} characters` : undefined
    case 'too_big':
      return issue.origin === 'string' ? `expected a text of at most ${issue.maximum} characters` : undefined
    case 'invalid_value':
      return `expected one of ${issue.values.join(', ')}`
    default:
      return undefined
  }
}

function unknownField(schema: z.ZodType, path: string[]): string {
  return schema instanceof z.ZodObject && path.length === 0
    ? `expected one of ${Object.keys(schema.shape).join(', ')}`
    : 'expected no such field'
}

/** A problem with one field. */
export function invalid(path: string, message: string): Problem {
  return new Problem('invalid_request', `${path}: ${message}`, { errors: [{ path, message }] })
}

/** A well-formed request that cannot be carried out because of one field. */
export function unprocessable(code: 'unreachable' | 'unknown_sender', path: string, message: string): Problem {
  return new Problem(code, `${path}: ${message}`, { errors: [{ path, message }] })
}
