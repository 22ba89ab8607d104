import { z } from 'zod'

/** What the upstream's process is told. */
export const upstreamOrder = z.union([
  /** Answers take so long from now on, those of chats that hang aside. */
  z.object({ delayMs: z.number() }),
  /** Say how many completions were answered since the last time it was asked. */
  z.object({ tell: z.literal('answered') }),
])
export type UpstreamOrder = z.infer<typeof upstreamOrder>

/** What it says. */
export const upstreamReply = z.union([
  z.object({ port: z.number() }),
  /** Completions answered by the time, ms since 1970, at which a slice of time began; slices without any are left out. */
  z.object({ answered: z.array(z.tuple([z.number(), z.number()])) }),
])

/** Length of a slice, ms. */
export const SLICE_MS = 50

/** A message that begins with this word is answered after so long, ms. */
export const HANGS = { word: 'hang', ms: 60_000 }
