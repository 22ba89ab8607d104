import type { LaneRedis } from '@chatlane/lanes'
import { type Conversation, parseConversation } from './conversation.ts'
import { conversationKeys, shardKeys } from './keys.ts'
import type { Channel } from './origin.ts'

export interface ConversationQuery {
  status?: 'open' | 'closed'
  channel?: Channel
  participant?: string
  /** From the last page. */
  cursor?: string
  limit: number
}

/** Conversations read from the index at a time. */
const PAGE = 200

/** Conversations by their last activity, newest first; `next` is there when there may be more. */
export async function listConversations(
  redis: LaneRedis,
  prefix: string,
  shards: number,
  query: ConversationQuery,
): Promise<{ conversations: Conversation[]; next?: string }> {
  const found: Conversation[] = []
  let [shard, skip] = parseCursor(query.cursor)
  for (; shard < shards; shard++, skip = 0) {
    for (;;) {
      const ids = await redis.zrange(shardKeys(prefix, shard).index, String(skip), String(skip + PAGE - 1), 'REV')
      const records = await Promise.all(ids.map((id) => redis.hgetall(conversationKeys(prefix, id).record)))
      for (const [i, id] of ids.entries()) {
        const conversation = parseConversation(id, records[i] ?? {})
        if (conversation && matches(conversation, query)) found.push(conversation)
        skip++
        if (found.length === query.limit) return { conversations: found, next: `${shard}.${skip}` }
      }
      if (ids.length < PAGE) break
    }
  }
  return { conversations: found }
}

/** True for a text that {@link listConversations} gave as `next`. */
export function isListCursor(text: string): boolean {
  return /^\d{1,4}\.\d{1,9}$/.test(text)
}

function parseCursor(cursor = '0.0'): [shard: number, skip: number] {
  const [shard = 0, skip = 0] = cursor.split('.').map(Number)
  return [shard, skip]
}

function matches(conversation: Conversation, { status, channel, participant }: ConversationQuery): boolean {
  return (
    (status === undefined || status === (conversation.closed ? 'closed' : 'open')) &&
    (channel === undefined || channel === conversation.channel) &&
    (participant === undefined ||
      participant === conversation.participant ||
      conversation.links.some(({ to }) => to === participant))
  )
}
