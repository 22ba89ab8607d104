import type { Effect, LaneRedis, Lanes } from '@chatlane/lanes'
import { writeTogether } from '../redis/write-together.ts'
import type { Chat } from '../uponai/chat.ts'
import { analysisOf, type ChatAnalysis } from './analysis.ts'
import { type Conversation, changeEffects } from './conversation.ts'
import type { ConversationItem } from './items.ts'
import { conversationKeys } from './keys.ts'
import { ledgerEffect } from './ledger.ts'

/** As long as inbound messages are remembered: UponAI repeats an event within minutes. */
const SEEN_MS = 24 * 3_600_000

interface Parts {
  redis: LaneRedis
  prefix: string
  /** The conversations' lanes. */
  lanes: Lanes
}

/**
 * Notes that the other side ended a chat: from now on no message goes to it. That the conversation is closed by it is said by
 * an item of its lane, behind what is already said in it. False when the conversation has another chat by now.
 */
export async function noteChatEnded(parts: Parts, conversation: Conversation, chatId: string): Promise<boolean> {
  const { redis, prefix, lanes } = parts
  const { id, chatId: present, endingChatId, closed } = conversation
  // Late news of an earlier chat must not cover up that the present one is over. While a chat is being made none is present.
  if (present !== undefined && chatId !== present) return false
  const over = changeEffects(prefix, id, { over: chatId })
  // We are ending it, or have: there is nothing to be noticed.
  if (endingChatId === chatId || (present === undefined && closed)) await writeTogether(redis, over)
  else {
    const item: ConversationItem = { kind: 'ended', chat: chatId }
    const dedupe = { id: `uponai:chat_ended:${chatId}`, forMs: SEEN_MS }
    await lanes.add(id, { id: `ended:${chatId}`, data: JSON.stringify(item), dedupe, effects: over })
  }
  return true
}

/** Stores what UponAI made of one of the conversation's chats, and shows it in the ledger; once per chat. */
export async function noteChatAnalyzed(
  parts: Parts,
  { id, analysis: before }: Conversation,
  chat: Chat,
): Promise<'noted' | 'duplicate' | 'no_analysis'> {
  const { redis, prefix } = parts
  const analysis = analysisOf(chat)
  if (!analysis) return 'no_analysis'
  const mark = `${conversationKeys(prefix, id).told}${id}:analyzed:${chat.chatId}`
  if ((await redis.exists(mark)) === 1) return 'duplicate'
  await writeTogether(redis, [...analysisEffects(prefix, id, analysis, before), ['SET', mark, '1', 'PX', SEEN_MS]])
  return 'noted'
}

/** The writes that store a chat's analysis and show it in the ledger; the conversation keeps that of its newest chat. */
function analysisEffects(
  prefix: string,
  conversation: string,
  analysis: ChatAnalysis,
  before: ChatAnalysis | undefined,
): Effect[] {
  const { record, live } = conversationKeys(prefix, conversation)
  return [
    ...(isOlder(analysis, before) ? [] : [['HSET', record, 'analysis', JSON.stringify(analysis)] as const]),
    ledgerEffect(prefix, conversation, { kind: 'analysis', analysis }),
    ['PUBLISH', live, conversation],
  ]
}

/** Of chats that do not say when they began, the one that is heard of later counts as the newer. */
function isOlder({ startedAt }: ChatAnalysis, before: ChatAnalysis | undefined): boolean {
  return startedAt !== undefined && before?.startedAt !== undefined && startedAt < before.startedAt
}
