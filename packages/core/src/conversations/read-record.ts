import type { LaneRedis } from '@chatlane/lanes'
import { z } from 'zod'
import { type Conversation, parseConversation } from './conversation.ts'
import { conversationKeys } from './keys.ts'

/** A conversation's record is there and cannot be read: it is damaged, or written by a newer version. */
export class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError'
  readonly conversation: string
  /** What about it cannot be read: names the field, and never what is in it. */
  readonly problem: string

  constructor(conversation: string, problem: string) {
    super(`the record of conversation ${conversation} cannot be read: ${problem}`)
    this.conversation = conversation
    this.problem = problem
  }
}

/**
 * A conversation by its record; undefined when there is none.
 * @throws UnreadableRecordError
 */
export async function readConversation(
  redis: LaneRedis,
  prefix: string,
  id: string,
): Promise<Conversation | undefined> {
  const hash = await readHash(redis, conversationKeys(prefix, id).record)
  if (hash === undefined) throw new UnreadableRecordError(id, 'its key holds something else')
  return conversationOf(id, hash)
}

/**
 * The same of a record's fields.
 * @throws UnreadableRecordError
 */
export function conversationOf(id: string, hash: Record<string, string>): Conversation | undefined {
  try {
    return parseConversation(id, hash)
  } catch (error) {
    throw new UnreadableRecordError(id, problemOf(error))
  }
}

/** Undefined when the key holds something else than a hash. */
async function readHash(redis: LaneRedis, key: string): Promise<Record<string, string> | undefined> {
  try {
    return await redis.hgetall(key)
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return undefined
    throw error
  }
}

function problemOf(error: unknown): string {
  if (!(error instanceof z.ZodError)) return 'a field holds something else than JSON'
  const [issue] = error.issues
  const field = issue?.path.join('.')
  return field ? `its field ${field} cannot be read` : 'a field cannot be read'
}
