import type { Effect, LaneRedis, Lanes, Turn } from '@chatlane/lanes'
import {
  type Change,
  type Conversation,
  changeEffects,
  parseConversation,
  withLost,
} from '../conversations/conversation.ts'
import { conversationKeys } from '../conversations/keys.ts'
import { type ConversationSettings, settingsOf } from '../conversations/settings.ts'
import type { WorkerMetrics } from '../metrics/worker-metrics.ts'
import type { Replicas } from '../redis/replicas.ts'
import type { RoutesHolder } from '../routing/holder.ts'
import type { UponAIClient } from '../uponai/client.ts'

/** What turns need of the world. */
export interface TurnParts {
  redis: LaneRedis
  /** Who must know of an outside call before it is made. */
  replicas: Replicas
  prefix: string
  uponai: UponAIClient
  /** The conversations' lanes. */
  lanes: Lanes
  /** The lanes of outgoing messages. */
  deliveries: Lanes
  routes: RoutesHolder
  /** For routes that do not say; 0 = never. */
  autoCloseAfterMs: number
  /**
   * From the beginning of a completion, longer than one can believably take: after that long without a trace of a text it was
   * never said. A text that is there is given twice as long for its answer.
   */
  graceMs: number
  /** What becomes of a message that UponAI may have got and does not show after the grace time. */
  whenUnclear: 'send_again' | 'dead_letter'
  /** Tries that a message has. */
  attempts: number
  /** The first pause between tries, ms. */
  backoffMs: number
  metrics: WorkerMetrics
}

/** One item's work on one conversation. `conversation` follows what is recorded. */
export interface TurnContext extends TurnParts {
  /** The item's id. */
  item: string
  turn: Turn
  conversation: Conversation
  settings: ConversationSettings
  keys: ReturnType<typeof conversationKeys>
}

/** Undefined when the conversation is gone: it was idle for so long that it is not kept any more. */
export async function loadContext(parts: TurnParts, item: string, turn: Turn): Promise<TurnContext | undefined> {
  const keys = conversationKeys(parts.prefix, turn.lane)
  const conversation = parseConversation(turn.lane, await parts.redis.hgetall(keys.record))
  if (!conversation) return undefined
  const settings = settingsOf(parts.routes.current, conversation, parts.autoCloseAfterMs)
  return { ...parts, item, turn, conversation, settings, keys }
}

/** The writes that change the conversation's record. */
export function change(context: TurnContext, changes: Change): Effect[] {
  return changeEffects(context.prefix, context.conversation.id, changes)
}

/**
 * The write that sets the time at which the conversation is looked at if nothing happens until then: to close its chat, or
 * before that, for chats that were made without our hearing of it.
 */
export function rearm(context: TurnContext, activityAt: number): Effect[] {
  const { autoCloseAfterMs } = context.settings
  return lookAt(context, ...lateLooks(context), ...(autoCloseAfterMs === 0 ? [] : [activityAt + autoCloseAfterMs]))
}

/** The same for a conversation without a chat to close. */
export function lookLater(context: TurnContext): Effect[] {
  return lookAt(context, ...lateLooks(context))
}

function lookAt({ keys, conversation }: TurnContext, ...times: number[]): Effect[] {
  return times.length === 0 ? [] : [['ZADD', keys.closing, Math.min(...times), conversation.id]]
}

function lateLooks({ conversation, graceMs }: TurnContext): number[] {
  return withLost(conversation)
    .slice(-1)
    .map(({ at }) => lateAt(at, graceMs))
}

/** When a chat whose create had no clear outcome is there, if it ever will be. */
export function lateAt(attemptAt: number, graceMs: number): number {
  return attemptAt + 2 * graceMs
}

/** The write that tells api processes that the ledger grew. */
export function announce(context: TurnContext): Effect {
  return ['PUBLISH', context.keys.live, context.conversation.id]
}
