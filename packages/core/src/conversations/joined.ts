import { z } from 'zod'

/** Messages of a conversation that are said to its agent as one, as far as they are still in its lane. */
export const joinedSchema = z.object({
  /** The one in whose turn they are said. */
  head: z.string(),
  /** The others, in order. */
  others: z.array(z.string()),
  /** What is said; absent: the head's own text. */
  text: z.string().optional(),
  /** The accounts of an operator's time that are part of it, see `Conversation.untold`. */
  accounts: z.array(z.string()).optional(),
  /** What became of the head when it left the lane: the others share it. */
  end: z.union([z.literal('answered'), z.object({ reason: z.string(), detail: z.string() })]).optional(),
})
export type Joined = z.infer<typeof joinedSchema>
