import { randomUUID } from 'node:crypto'
import type { Effect, LaneRedis, Lanes } from '@chatlane/lanes'
import { writeTogether } from '../redis/write-together.ts'
import type { AddressBook } from './address-book.ts'
import { type Conversation, keepEffects } from './conversation.ts'
import type { ConversationItem } from './items.ts'
import { conversationKeys, KEPT_SECONDS } from './keys.ts'
import { conversationOf, UnreadableRecordError } from './read-record.ts'
import { addressOf, linkField, linkFieldsOf, nameOf, type ReplyAddress } from './reply-address.ts'

/** Linked addresses that a conversation may have. */
export const MOST_LINKS = 5

/** How often others may get ahead with the same address, all at once, before we give up. */
const MOST_TRIES = 10

export interface LinkParts {
  redis: LaneRedis
  prefix: string
  /** The conversations' lanes. */
  lanes: Lanes
  addresses: AddressBook
}

/**
 * What linking an address came to. `busy`: others are giving the same address to other conversations at this moment. `left`
 * is the conversation that had it before.
 */
export type Linked = { status: 'linked'; left?: string } | { status: 'too_many' } | { status: 'busy' }

/**
 * From now on messages from an address of the participant come into this conversation, whatever conversation they came into
 * before. Done again, it changes nothing.
 *
 * The old conversation is marked before the address leaves it, and the new one lists the address before it gets it. So what
 * processes that have not heard of it still put into the old one's lane is behind the mark, and is handed on
 * (turns/hand-on.ts); and whoever takes in a message for the new one sees all that the old one took in before. Killed between
 * two steps, it leaves the address with one of the two, and can be done again.
 */
export async function linkAddress(parts: LinkParts, conversation: Conversation, link: ReplyAddress): Promise<Linked> {
  const { addresses, redis, prefix } = parts
  const { id, links } = conversation
  const name = nameOf(link)
  const linked = name !== nameOf(addressOf(conversation))
  const listed = links.some((one) => nameOf(one) === name)
  if (linked && !listed && links.length >= MOST_LINKS) return { status: 'too_many' }
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    const from = await addresses.look(link)
    const left = from?.id === id ? undefined : from?.id
    await writeTogether(redis, takeEffects(prefix, id, linked ? link : undefined))
    if (left !== undefined) await leave(parts, left, name, id)
    if (await addresses.give(link, from, { id, linked }))
      return { status: 'linked', ...(left !== undefined && { left }) }
  }
  return { status: 'busy' }
}

/** Lists an address; without one, the conversation gets back the address that it began with. */
function takeEffects(prefix: string, id: string, link: ReplyAddress | undefined): Effect[] {
  const { record } = conversationKeys(prefix, id)
  const field = link ? [linkField(nameOf(link)), JSON.stringify(link)] : ['moved', id]
  return [['HSET', record, ...field], ...keepEffects(prefix, id, Date.now())]
}

/** Marks a conversation that loses an address. One that began with it is ended, behind what waits in it. */
async function leave({ redis, prefix, lanes }: LinkParts, id: string, name: string, to: string): Promise<void> {
  const { record } = conversationKeys(prefix, id)
  const fields = await redis.hgetall(record)
  const old = readableOf(id, fields)
  const older = linkFieldsOf(fields).filter(([, link]) => nameOf(link) === name)
  const marks: Effect[] = [
    ['HSET', record, 'moved', to],
    ['HDEL', record, linkField(name), ...older.map(([field]) => field)],
    // There may be nothing else yet: its first message is on its way.
    ['EXPIRE', record, KEPT_SECONDS],
  ]
  if (old?.reply && nameOf(old.reply) === name) marks.push(['HDEL', record, 'reply'])
  if (!old || nameOf(addressOf(old)) !== name) return writeTogether(redis, marks)
  const item: ConversationItem = { kind: 'end' }
  await lanes.add(id, { id: `end:${randomUUID()}`, data: JSON.stringify(item), effects: marks })
}

/** Undefined also for one that cannot be read: it must not keep its person from another conversation. */
function readableOf(id: string, fields: Record<string, string>): Conversation | undefined {
  try {
    return conversationOf(id, fields)
  } catch (error) {
    if (error instanceof UnreadableRecordError) return undefined
    throw error
  }
}
