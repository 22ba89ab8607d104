import { z } from 'zod'

/** UponAI keeps at most 50 kB of metadata per chat. */
const MOST_METADATA = 50_000

/** The fields of a request that say what a conversation's chats begin with. */
export const chatFields = {
  agent_id: z.string().min(1).max(200).optional(),
  metadata: z
    .record(z.string(), z.unknown())
    .refine((metadata) => JSON.stringify(metadata).length <= MOST_METADATA, 'expected at most 50 kB')
    .optional(),
  dynamic_variables: z.record(z.string(), z.string()).optional(),
}
