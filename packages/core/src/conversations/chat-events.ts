import type { LaneRedis, Lanes } from '@chatlane/lanes'
import { writeTogether } from '../redis/write-together.ts'
import type { Chat } from '../uponai/chat.ts'
import { analysisOf } from './analysis.ts'
import { type Conversation, changeEffects } from './conversation.ts'
import { digestOf } from './digest.ts'
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

/** Stores what UponAI made of one of the conversation's chats, and shows it in the ledger; the same analysis once. */
export async function noteChatAnalyzed(
  parts: Parts,
  { id }: Conversation,
  chat: Chat,
): Promise<'noted' | 'duplicate' | 'no_analysis'> {
  const { redis, prefix } = parts
  const analysis = analysisOf(chat)
  if (!analysis) return 'no_analysis'
  const text = JSON.stringify(analysis)
  // A chat can be analysed again.
  const mark = `${conversationKeys(prefix, id).told}${id}:analyzed:${chat.chatId}:${digestOf(text)}`
  const { record, live } = conversationKeys(prefix, id)
  const [, ledger, ...entry] = ledgerEffect(prefix, id, { kind: 'analysis', analysis })
  const values = [SEEN_MS, analysis.startedAt ?? '', text, id, ...entry]
  const done: unknown = await redis.eval(NOTE_ANALYSIS, 4, mark, record, ledger, live, ...values)
  return done === 1 ? 'noted' : 'duplicate'
}

/**
 * KEYS: mark, record, ledger, live. ARGV: ms that the mark is kept, when the chat began or '', the analysis, the conversation, the
 * ledger's entry. Once per mark, in one step with the look at it: events of UponAI's come twice, at the same time too. The
 * conversation keeps the analysis of its newest chat, and none that cannot be read; of chats that do not say when they began, the one that is heard of later is newer.
 */
const NOTE_ANALYSIS = `
if not redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) then return 0 end
local before = redis.call('HGET', KEYS[2], 'analysis')
local known, read = pcall(cjson.decode, before or '{}')
local began = known and type(read) == 'table' and tonumber(read.startedAt)
if not (began and ARGV[2] ~= '' and tonumber(ARGV[2]) < began) then redis.call('HSET', KEYS[2], 'analysis', ARGV[3]) end
redis.call('XADD', KEYS[3], unpack(ARGV, 5))
redis.call('PUBLISH', KEYS[4], ARGV[4])
return 1
`
