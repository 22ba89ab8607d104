import type { Effect, LaneRedis, Lanes, Turn } from '@chatlane/lanes'
import { type Change, type Conversation, changeEffects, withLost } from '../conversations/conversation.ts'
import type { Conversations } from '../conversations/conversations.ts'
import type { ConversationItem } from '../conversations/items.ts'
import { conversationKeys } from '../conversations/keys.ts'
import type { Profile } from '../conversations/profile.ts'
import { readConversation } from '../conversations/read-record.ts'
import { originOf, type ReplyAddress, sourceOf } from '../conversations/reply-address.ts'
import { type ConversationSettings, type SettingDefaults, settingsOf } from '../conversations/settings.ts'
import type { WorkerMetrics } from '../metrics/worker-metrics.ts'
import type { Replicas } from '../redis/replicas.ts'
import type { RoutesHolder } from '../routing/holder.ts'
import type { UponAIClient } from '../uponai/client.ts'
import { reportingTurn, type WebhookLanes } from '../webhooks/reports.ts'
import type { Exchange } from './exchange.ts'

/** What turns need of the world. */
export interface TurnParts extends SettingDefaults {
  redis: LaneRedis
  /** Who must know of an outside call before it is made. */
  replicas: Replicas
  prefix: string
  uponai: UponAIClient
  /** The conversations' lanes. */
  lanes: Lanes
  /** The lanes of outgoing messages. */
  deliveries: Lanes
  /** For what goes on to another conversation. */
  conversations: Conversations
  /** The lanes of webhooks for the business. */
  webhooks: WebhookLanes
  routes: RoutesHolder
  /**
   * From the beginning of a completion, longer than one can believably take: after that long without a trace of a text it was
   * never said. A text that is there is given twice as long for its answer.
   */
  graceMs: number
  /** The same of the making of a chat. */
  createGraceMs: number
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
  /** The linked address that the item came from, if it is a message. */
  via?: ReplyAddress
  /** What the provider told of the person with the item, if it is a message. */
  profile?: Profile
  settings: ConversationSettings
  /** The chat that was found over, to which nothing is said any more; until that is in the ledger. */
  leftChat?: string
  /** The exchange that the message belongs to, on a channel that sends; see loop.ts. */
  exchange?: Exchange
  /** The message is dropped, because the exchange looks like one between two machines. */
  looping?: true
  /** The agent's answer was longer than what is shown and sent. */
  cut?: true
  keys: ReturnType<typeof conversationKeys>
}

/**
 * Undefined when the conversation is gone: it was idle for so long that it is not kept any more.
 * @param onAsk called before anything is asked of UponAI
 * @throws UnreadableRecordError
 */
export async function loadContext(
  parts: TurnParts,
  item: string,
  turn: Turn,
  work?: ConversationItem,
  onAsk = () => {},
): Promise<TurnContext | undefined> {
  const keys = conversationKeys(parts.prefix, turn.lane)
  const conversation = await readConversation(parts.redis, parts.prefix, turn.lane)
  if (!conversation) return undefined
  if (work?.kind === 'message' && !work.via) Object.assign(conversation, originOf(sourceOf(conversation, work)))
  const settings = settingsOf(parts.routes.current, conversation, parts)
  const uponai = new Proxy(parts.uponai, {
    get(client, name) {
      onAsk()
      return Reflect.get(client, name)
    },
  })
  return {
    ...parts,
    item,
    turn: reportingTurn(parts.webhooks, conversation, turn),
    conversation,
    ...(work?.kind === 'message' && work.profile && { profile: work.profile }),
    settings,
    keys,
    uponai,
  }
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

function lateLooks({ conversation, createGraceMs }: TurnContext): number[] {
  return withLost(conversation)
    .slice(-1)
    .map(({ at }) => lateAt(at, createGraceMs))
}

/** When a chat whose create had no clear outcome is there, if it ever will be. */
export function lateAt(attemptAt: number, createGraceMs: number): number {
  return attemptAt + 2 * createGraceMs
}

/** The write that tells api processes that the ledger grew. */
export function announce(context: TurnContext): Effect {
  return ['PUBLISH', context.keys.live, context.conversation.id]
}
