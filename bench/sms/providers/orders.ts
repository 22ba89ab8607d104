import { z } from 'zod'

/** What the providers' process is told. */
export const orderSchema = z.union([
  z.object({ expect: z.object({ messages: z.number(), participants: z.number(), ordered: z.boolean() }) }),
  z.object({ tell: z.literal('seen') }),
])
export type Order = z.infer<typeof orderSchema>

/** What it says. */
export const saidSchema = z.union([
  z.object({ port: z.number() }),
  /** Every message that was expected was answered, and every answer given to Twilio. */
  z.object({ all: z.literal(true) }),
  z.object({
    completions: z.number(),
    sends: z.number(),
    /** What was lost, doubled or out of order, in words. */
    wrong: z.string().optional(),
    /** When the completion of each message arrived, ms since 1970. */
    startedAt: z.array(z.number()),
  }),
])
export type Said = z.infer<typeof saidSchema>
