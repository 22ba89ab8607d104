import type { LaneRedis } from '@chatlane/lanes'
import { isSameIdentity } from '../identity/identity.ts'
import type { Conversation } from './conversation.ts'
import { shardKeys } from './keys.ts'
import type { Channel } from './origin.ts'
import { readConversation, UnreadableRecordError } from './read-record.ts'

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
  /** Those among them whose records cannot be read, whatever was asked for. */
  unreadable: UnreadableConversation[]
  /** There when there may be more. */
  next?: string
}

/** A conversation of which only what is shown is known; written by a newer version, or damaged. */
export interface UnreadableConversation {
  id: string
  /** What about its record cannot be read. */
  problem: string
}

/** Conversations read from the index at a time. */
const PAGE = 200

/** Conversations by their last activity, newest first: shard by shard, or all of one participant's. */
export async function listConversations(parts: ListParts, query: ConversationQuery): Promise<ConversationPage> {
  const { participant, cursor, limit } = query
  if (participant !== undefined) return listParticipant(parts, participant, query)
  const { redis, prefix, shards } = parts
  const page: ConversationPage = { conversations: [], unreadable: [] }
  let [shard, skip] = parseCursor(cursor)
  for (; shard < shards; shard++, skip = 0) {
    for (;;) {
      const ids = await redis.zrange(shardKeys(prefix, shard).index, String(skip), String(skip + PAGE - 1), 'REV')
      for (const read of await readAll(parts, ids)) {
        if (read && 'problem' in read) page.unreadable.push(read)
        else if (read && matches(read, query)) page.conversations.push(read)
        skip++
        if (page.conversations.length + page.unreadable.length === limit) return { ...page, next: `${shard}.${skip}` }
      }
      if (ids.length < PAGE) break
    }
  }
  return page
}

async function listParticipant(
  parts: ListParts,
  participant: string,
  query: ConversationQuery,
): Promise<ConversationPage> {
  const read = (await readAll(parts, await parts.conversationsOf(participant))).filter((one) => one !== undefined)
  const unreadable = read.flatMap((one) => ('problem' in one ? [one] : []))
  const readable = read.flatMap((one) => ('problem' in one ? [] : [one]))
  const all = readable.filter((one) => has(one, participant) && matches(one, query))
  all.sort((one, other) => other.lastActivityAt - one.lastActivityAt)
  const [, skip] = parseCursor(query.cursor)
  const end = skip + query.limit
  const next = end < all.length ? { next: `0.${end}` } : {}
  return { conversations: all.slice(skip, end), unreadable: skip === 0 ? unreadable : [], ...next }
}

/** What is read of each, in their order; undefined for those that are there no more. */
function readAll(
  { redis, prefix }: ListParts,
  ids: readonly string[],
): Promise<(Conversation | UnreadableConversation | undefined)[]> {
  return Promise.all(
    ids.map(async (id) => {
      try {
        return await readConversation(redis, prefix, id)
      } catch (error) {
        if (error instanceof UnreadableRecordError) return { id, problem: error.problem }
        throw error
      }
    }),
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
