import { randomBytes } from 'node:crypto'
import { type Conversation, conversationKeys } from '@chatlane/core'
import type { Redis } from 'ioredis'

/** Conversations made by one call: enough to share a round trip, few enough for Redis to answer others in between. */
const PER_CALL = 200

/**
 * Copies a conversation's keys, each with its own id and chat in the record; the ledger goes as it is. Each was last active a
 * millisecond before the one before it, and closes a millisecond later.
 * KEYS: closing, index, the record and the ledger to copy, and of each copy its record and ledger.
 * ARGV: the id of the one to copy, how many copies there are, and of each copy its id and its chat's.
 */
const CLONE = `
local due, active = redis.call('ZSCORE', KEYS[1], ARGV[1]), redis.call('ZSCORE', KEYS[2], ARGV[1])
for i = 1, #KEYS / 2 - 2 do
  local record, id, chat = KEYS[2 * i + 3], ARGV[2 * i + 1], ARGV[2 * i + 2]
  local place = ARGV[2] + i
  redis.call('COPY', KEYS[3], record)
  redis.call('HSET', record, 'from', id, 'chat', chat)
  redis.call('COPY', KEYS[4], KEYS[2 * i + 4])
  redis.call('ZADD', KEYS[1], string.format('%d', due + place), id)
  redis.call('ZADD', KEYS[2], string.format('%d', active - place), id)
end`

/**
 * Makes conversations like a really made one, much faster than through the router; they go on like that one, too.
 * @throws Error when a copy takes another amount of memory
 */
export async function cloneConversations(
  redis: Redis,
  prefix: string,
  like: Conversation,
  count: number,
): Promise<Conversation[]> {
  const from = conversationKeys(prefix, like.id)
  const clones: Conversation[] = []
  while (clones.length < count) {
    const some = Array.from({ length: Math.min(PER_CALL, count - clones.length) }, () => newOne(like))
    const keys = some.flatMap(({ id }) => {
      const { record, ledger } = conversationKeys(prefix, id)
      return [record, ledger]
    })
    const ids = some.flatMap(({ id, chatId = '' }) => [id, chatId])
    const all = [from.closing, from.index, from.record, from.ledger, ...keys]
    await redis.eval(CLONE, all.length, ...all, like.id, clones.length, ...ids)
    clones.push(...some)
  }
  const [first] = clones
  if (first) await demandEqual(redis, prefix, like, first)
  return clones
}

/** Of the same shard as the other one. */
function newOne(like: Conversation): Conversation {
  const id = like.id.slice(0, like.id.indexOf('_') + 1) + randomBytes(16).toString('base64url')
  return { ...like, id, participant: id, chatId: `chat_${randomBytes(16).toString('hex')}` }
}

async function demandEqual(redis: Redis, prefix: string, real: Conversation, clone: Conversation): Promise<void> {
  const [theirs, ours] = [conversationKeys(prefix, real.id), conversationKeys(prefix, clone.id)]
  for (const kind of ['record', 'ledger'] as const) {
    const [one, other] = [await bytesOf(redis, theirs[kind]), await bytesOf(redis, ours[kind])]
    if (one !== other) throw new Error(`the copy of a ${kind} takes ${other} bytes, and what it was copied from ${one}`)
  }
}

/** What a key takes, all of it looked at. */
export async function bytesOf(redis: Redis, key: string): Promise<number> {
  return Number(await redis.memory('USAGE', key, 'SAMPLES', 0))
}
