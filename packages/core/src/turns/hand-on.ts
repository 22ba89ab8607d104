import type { Effect, Item, Verdict } from '@chatlane/lanes'
import type { Holder } from '../conversations/address-book.ts'
import type { Conversation } from '../conversations/conversation.ts'
import { conversationItem, type MessageItem } from '../conversations/items.ts'
import { decodeEntry, statusEffects } from '../conversations/ledger.ts'
import { addressOf, nameOf, type ReplyAddress, sourceOf } from '../conversations/reply-address.ts'
import { isNotReplicated } from '../redis/replicas.ts'
import { change, type TurnContext } from './context.ts'

/** Pause while the other conversation has too many unanswered messages. */
const FULL_PAUSE_MS = 1_000

/**
 * A message of a person whose address was linked to another conversation meanwhile goes there: it waited when that was done,
 * or came through a process that had not heard of it. Undefined: it is said here.
 *
 * Near such a change two conversations may have taken in the same message, each from another process. Neither can see the
 * other's lane in one step, so before either says it or hands it on it claims it, and the other one is dropped.
 *
 * The other conversation may be on another shard: adding a message there and taking it from here are two steps. Where it goes
 * is on record before the first, so that a second try adds it where it is already, or not at all.
 */
export async function handOn(context: TurnContext, item: MessageItem): Promise<Verdict | undefined> {
  const { conversation, conversations, prefix } = context
  const address = sourceOf(conversation, item)
  if (address.channel === 'web') return undefined
  if (conversation.movedTo === undefined && !item.contested) return undefined
  const from = `${conversation.id}/${context.item}`
  const { key, text, profile, as = from } = item
  const holder = await conversations.holderOf(address)
  const left = holder && holder.id !== conversation.id ? leftBehind(context, address) : []
  if (key !== undefined && !(await conversations.claim(key, as))) {
    context.metrics.dropped('duplicate')
    const dropped = statusEffects(prefix, conversation.id, context.item, 'dropped', 'duplicate')
    return { do: 'commit', effects: [...left, ...dropped] }
  }
  if (mayHaveBeenSaid(context)) return undefined
  const to = await whereTo(context, holder)
  if (!to) return undefined
  const message = {
    text,
    ...(key !== undefined && { key }),
    ...(profile && { profile }),
    ...(await filesOf(context)),
  }
  try {
    const taken = await conversations.acceptFurther(to, address, message, { from, as })
    if (taken === 'full') return later('the conversation that has the address now is full')
  } catch (error) {
    if (isNotReplicated(error)) return later(error.message, error.retryAfterMs)
    throw error
  }
  const moved = statusEffects(prefix, conversation.id, context.item, 'moved')
  return {
    do: 'commit',
    effects: [['HDEL', context.keys.record, 'handing'], ...left, ...moved],
  }
}

/** Of what waits behind a message, what comes before the first one that may be another conversation's to say. */
export async function sayableHere(
  { conversation, conversations, redis, keys }: Pick<TurnContext, 'conversation' | 'conversations' | 'redis' | 'keys'>,
  behind: readonly Item[],
): Promise<readonly Item[]> {
  if (behind.length === 0) return behind
  // Asked behind the look at the lane: the mark may be younger than this turn, and what came after it is among them.
  const moved = (await redis.hexists(keys.record, 'moved')) === 1
  for (const [i, { id, data }] of behind.entries()) {
    const item = conversationItem.safeParse(JSON.parse(data)).data
    if (item?.kind !== 'message' || sourceOf(conversation, item).channel === 'web') continue
    if (moved) return behind.slice(0, i)
    if (!item.contested || item.key === undefined) continue
    if (!(await conversations.claim(item.key, item.as ?? `${conversation.id}/${id}`))) return behind.slice(0, i)
  }
  return behind
}

/** Then it is answered here: by itself, or together with others. */
function mayHaveBeenSaid({ conversation: { attempt, joined }, item }: TurnContext): boolean {
  if (attempt?.kind === 'completion' && attempt.item === item) return true
  return joined !== undefined && (joined.head === item || joined.others.includes(item))
}

/** The conversation that has the address now; undefined: this one, or none that is still kept. */
async function whereTo(context: TurnContext, holder: Holder | undefined): Promise<Conversation | undefined> {
  const { conversation, conversations, item, keys, turn } = context
  const { handing } = conversation
  if (handing?.item === item) return conversations.find(handing.to)
  if (!holder || holder.id === conversation.id) return undefined
  const to = await conversations.find(holder.id)
  if (to) await turn.record([['HSET', keys.record, 'handing', `${item} ${to.id}`]])
  return to
}

function later(detail: string, afterMs = FULL_PAUSE_MS): Verdict {
  return { do: 'retry', afterMs, spend: false, detail }
}

/** Takes back what the message's acceptance did to a conversation that it does not belong to. */
function leftBehind(context: TurnContext, address: ReplyAddress): Effect[] {
  const { conversation, keys } = context
  const isTheirs = (other: ReplyAddress) => nameOf(other) === nameOf(address)
  const effects = conversation.reply && isTheirs(conversation.reply) ? change(context, { reply: '' }) : []
  if (!isTheirs(addressOf(conversation)) || conversation.chatId !== undefined) return effects
  return [...effects, ...change(context, { closed: '1' }), ['ZREM', keys.closing, conversation.id]]
}

/** The files that came with the message. */
async function filesOf({ redis, keys, item }: TurnContext) {
  const [found] = await redis.xrange(keys.ledger, item, item)
  const entry = found && decodeEntry(found[0], found[1]).entry
  return entry?.kind === 'message' && entry.media ? { media: entry.media } : {}
}
