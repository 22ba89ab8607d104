import type { LaneRedis } from '@chatlane/lanes'
import { isSameIdentity } from '../identity/identity.ts'
import { type Conversation, parseConversation } from './conversation.ts'
import { conversationKeys, shardKeys } from './keys.ts'
import type { Channel } from './origin.ts'

export interface ConversationQuery {
  status?: 'open' | 'closed'
  channel?: Channel
  /** An address in any of its spellings, or a web conversation's id. */
  participant?: string
  /** From the last page. */
  cursor?: string
  limit: number
}

export interface ListParts {
  redis: LaneRedis
  prefix: string
  shards: number
  /** The ids of the conversations that a participant may have. */
  conversationsOf(participant: string): Promise<readonly string[]>
}

export interface ConversationPage {
  conversations: Conversation[]
  /** There when there may be more. */
  next?: string
}

/** Conversations read from the index at a time. */
const PAGE = 200

/** Conversations by their last activity, newest first: shard by shard, or all of one participant's. */
export async function listConversations(parts: ListParts, query: ConversationQuery): Promise<ConversationPage> {
  const { participant, cursor, limit } = query
  if (participant !== undefined) return listParticipant(parts, participant, query)
  const { redis, prefix, shards } = parts
  const found: Conversation[] = []
  let [shard, skip] = parseCursor(cursor)
  for (; shard < shards; shard++, skip = 0) {
    for (;;) {
      const ids = await redis.zrange(shardKeys(prefix, shard).index, String(skip), String(skip + PAGE - 1), 'REV')
      for (const conversation of await readAll(parts, ids)) {
        if (conversation && matches(conversation, query)) found.push(conversation)
        skip++
        if (found.length === limit) return { conversations: found, next: `${shard}.${skip}` }
      }
      if (ids.length < PAGE) break
    }
  }
  return { conversations: found }
}

async function listParticipant(
  parts: ListParts,
  participant: string,
  query: ConversationQuery,
): Promise<ConversationPage> {
  const read = await readAll(parts, await parts.conversationsOf(participant))
  const all = read.flatMap((one) => (one && has(one, participant) && matches(one, query) ? [one] : []))
  all.sort((one, other) => other.lastActivityAt - one.lastActivityAt)
  const [, skip] = parseCursor(query.cursor)
  const end = skip + query.limit
  return { conversations: all.slice(skip, end), ...(end < all.length && { next: `0.${end}` }) }
}

function readAll({ redis, prefix }: ListParts, ids: readonly string[]): Promise<(Conversation | undefined)[]> {
  return Promise.all(
    ids.map(async (id) => parseConversation(id, await redis.hgetall(conversationKeys(prefix, id).record))),
  )
}

/** True for a text that {@link listConversations} gave as `next`. */
export function isListCursor(text: string): boolean {
  return /^\d{1,4}\.\d{1,9}$/.test(text)
}

function parseCursor(cursor = '0.0'): [shard: number, skip: number] {
  const [shard = 0, skip = 0] = cursor.split('.').map(Number)
  return [shard, skip]
}

function has(conversation: Conversation, participant: string): boolean {
  return [conversation.participant, ...conversation.links.map(({ to }) => to)].some(
    (address) => address === participant || isSameIdentity(address, participant),
  )
}

function matches(conversation: Conversation, { status, channel }: ConversationQuery): boolean {
  return (
    (status === undefined || status === (conversation.closed ? 'closed' : 'open')) &&
    (channel === undefined || channel === conversation.channel)
  )
}
