import { z } from 'zod'

/** What a keeper is asked to keep: its only argument, as JSON. */
export const keeperRequest = z.discriminatedUnion('way', [
  z.object({
    way: z.literal('local'),
    program: z.string(),
    settings: z.record(z.string(), z.string()),
    /** A sentinel knows none of the finder's settings, and says in its own words that it is ready. */
    sentinel: z.boolean().optional(),
  }),
  z.object({ way: z.literal('container'), settings: z.record(z.string(), z.string()) }),
])
export type KeeperRequest = z.infer<typeof keeperRequest>

/** `start` is done once unasked. */
export const keeperCommand = z.enum(['start', 'kill', 'freeze', 'thaw'])
export type KeeperCommand = z.infer<typeof keeperCommand>

/** One per command, in their order. */
export const keeperReply = z.discriminatedUnion('done', [
  z.object({ done: z.literal(true), url: z.string(), how: z.string() }),
  z.object({ done: z.literal(false), why: z.string() }),
])
export type KeeperReply = z.infer<typeof keeperReply>
