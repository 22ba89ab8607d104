import type { LaneRedis } from '@chatlane/lanes'
import type { Conversation } from './conversation.ts'
import { conversationKeys } from './keys.ts'
import { conversationOf } from './read-record.ts'

/** UponAI keeps at most 50 kB of metadata per chat. */
export const MOST_METADATA = 50_000

/** As much as of metadata: no document states a limit. */
const MOST_VARIABLES = 50_000

/** Changes what the conversation's chats are told, name by name: other names keep their values, null takes a name away. */
export interface ConversationPatch {
  metadata?: Record<string, unknown> | undefined
  dynamicVariables?: Record<string, string | null> | undefined
}

export type Updated =
  /** `conversation` is what was stored in the same step. */
  | { status: 'updated'; conversation: Conversation }
  /** Nothing was changed: together with what is stored, the field would have more than `most` bytes of JSON. */
  | { status: 'too_large'; field: 'metadata' | 'dynamic_variables'; most: number }
  | { status: 'unknown' }

/** KEYS: record. ARGV: the fields that the change was made from, as they were then, and the names and values to write. Empty: they are different now. */
const SWAP = `
local now = redis.call('HMGET', KEYS[1], 'ch', 'meta', 'vars', 'theirs')
if not now[1] then return {} end
for i = 1, 3 do
  if (now[i + 1] or '') ~= ARGV[i] then return {} end
end
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
return redis.call('HGETALL', KEYS[1])
`

/**
 * Stores the change in one step, also among others that are made at the same time.
 * @throws UnreadableRecordError
 */
export async function updateConversation(
  { redis, prefix }: { redis: LaneRedis; prefix: string },
  id: string,
  patch: ConversationPatch,
): Promise<Updated> {
  const { record } = conversationKeys(prefix, id)
  for (;;) {
    const hash = await redis.hgetall(record)
    const conversation = conversationOf(id, hash)
    if (!conversation) return { status: 'unknown' }
    const writes = writesOf(conversation, patch)
    if ('status' in writes) return writes
    if (writes.length === 0) return { status: 'updated', conversation }
    const { meta = '', vars = '', theirs = '' } = hash
    const answer: unknown = await redis.eval(SWAP, 1, record, meta, vars, theirs, ...writes)
    const stored = conversationOf(id, hashOf(answer))
    if (stored) return { status: 'updated', conversation: stored }
  }
}

function writesOf(
  conversation: Conversation,
  patch: ConversationPatch,
): string[] | Exclude<Updated, { status: 'updated' }> {
  const writes: string[] = []
  if (patch.metadata) {
    const text = JSON.stringify(merged(conversation.metadata, patch.metadata))
    if (Buffer.byteLength(text) > MOST_METADATA) return { status: 'too_large', field: 'metadata', most: MOST_METADATA }
    writes.push('meta', text)
  }
  const { dynamicVariables: variables } = patch
  if (variables) {
    const text = JSON.stringify(merged(conversation.dynamicVariables, variables))
    if (Buffer.byteLength(text) > MOST_VARIABLES) {
      return { status: 'too_large', field: 'dynamic_variables', most: MOST_VARIABLES }
    }
    writes.push('vars', text)
    // What the business sets is its own from now on, and not to be shown to the visitor.
    const theirs = conversation.browserVariables?.filter((name) => !Object.hasOwn(variables, name))
    if (theirs) writes.push('theirs', JSON.stringify(theirs))
  }
  return writes
}

function merged(stored: Record<string, unknown> = {}, given: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...stored, ...given }).filter(([, value]) => value !== null))
}

function hashOf(answer: unknown): Record<string, string> {
  const flat = Array.isArray(answer) ? answer.map(String) : []
  return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : [])))
}
