import { z } from 'zod'

/** What is the same for all sides of a measurement. */
export const settingsSchema = z.object({
  /** Messages of the measured part. */
  messages: z.int().positive(),
  /** Keys (lanes, groups) over which they are spread evenly. */
  keys: z.int().positive(),
  /** Messages before that, to warm the process up. */
  warmUp: z.int().nonnegative(),
  /** Handlers at once. */
  concurrency: z.int().positive(),
  /** Messages on their way into Redis at once. */
  adding: z.int().positive(),
  /** Length of a message's text, characters. */
  payload: z.int().min(8),
})
export type Settings = z.infer<typeof settingsSchema>

export const usual = { messages: 20_000, warmUp: 4_000, concurrency: 200, adding: 1_000, payload: 80 }
