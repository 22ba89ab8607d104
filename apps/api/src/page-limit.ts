import { z } from 'zod'

/** How many items of a list are asked for: 1 to `most`, 50 unless given. */
export function limit(most: number) {
  const expected = `expected a whole number from 1 to ${most}`
  return z
    .string()
    .regex(/^\d{1,4}$/, expected)
    .default('50')
    .transform(Number)
    .refine((value) => value >= 1 && value <= most, expected)
}
