import { z } from 'zod'
import { phaseSchema } from '../phase.ts'

/** What the load's process is asked to do: its only argument, as JSON. */
export const loadTaskSchema = z.object({
  /** Where the webhooks go; they are signed for this address. */
  url: z.string(),
  phase: phaseSchema,
  /** Connections that are kept. Without a rate each has one request on its way, always. */
  connections: z.int().positive(),
  /** Messages per second, evenly, whatever the answers take. */
  perSecond: z.number().positive().optional(),
})
export type LoadTask = z.infer<typeof loadTaskSchema>

/** What it says: that its requests are written, and what became of them. */
export const loadSaidSchema = z.union([
  z.object({ ready: z.literal(true) }),
  z.object({ wrong: z.string() }),
  z.object({
    seconds: z.number(),
    /** When each message's 2xx arrived, ms since 1970. */
    acceptedAt: z.array(z.number()),
    /** How late the latest request left, ms: how far the load is from the one asked for. */
    latestMs: z.number(),
  }),
])
export type LoadSaid = z.infer<typeof loadSaidSchema>
