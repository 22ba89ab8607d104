import type { z } from 'zod'
import { Problem } from './problems.ts'

/**
 * The input in the schema's form.
 * @throws Problem `invalid_request` with every field that is wrong
 */
export function parse<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const errors = parsed.error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message }))
  const detail = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ')
  throw new Problem('invalid_request', detail, { errors })
}

/** A problem with one field. */
export function invalid(path: string, message: string): Problem {
  return new Problem('invalid_request', `${path}: ${message}`, { errors: [{ path, message }] })
}
