// UponAI documents its answers only in part (nothing is marked required, two naming styles, perhaps an envelope), so
// every field is looked up under all of its names, and a value of the wrong type reads as absent.
import { z } from 'zod'

export type Raw = Record<string, unknown>

export const record = z.record(z.string(), z.unknown())
export const filled = z.string().min(1)
export const list = z.array(z.unknown())
/** ISO 8601 in `rest`, milliseconds in `rpc`. */
export const instant = z
  .union([z.number().positive(), filled])
  .transform((value) => new Date(value))
  .refine((date) => !Number.isNaN(date.getTime()))

/** The first of these names under which there is a value of that form. */
export function field<T>(raw: Raw, shape: z.ZodType<T>, ...names: string[]): T | undefined {
  for (const name of names) {
    // A schema that refuses makes an error with all that belongs to it: most of what is looked for is not there.
    if (raw[name] === undefined) continue
    const read = shape.safeParse(raw[name])
    if (read.success) return read.data
  }
  return undefined
}

/** An object's fields; undefined for anything else. */
export function fieldsOf(value: unknown): Raw | undefined {
  return isRaw(value) ? value : undefined
}

function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Looks for the wanted thing here, then inside `{ success, data }`, `{ data }`, `{ chat }`, `{ agent }`. */
export function unwrap<T>(answer: unknown, find: (value: unknown) => T | undefined, depth = 3): T | undefined {
  const here = find(answer)
  if (here !== undefined || depth === 0) return here
  const wrapper = fieldsOf(answer)
  if (!wrapper) return undefined
  for (const name of ['data', 'chat', 'agent']) {
    const inside = unwrap(wrapper[name], find, depth - 1)
    if (inside !== undefined) return inside
  }
  return undefined
}
