import { z } from 'zod'
import { wellFormed } from '../text/well-formed.ts'
import type { Chat, ChatAnalysis, ChatMessage } from './chat.ts'
import { field, fieldsOf, filled, instant, list, type Raw, record, unwrap } from './fields.ts'

export interface ChatPage {
  chats: Chat[]
  /** Key of the next page; absent at the end. */
  next?: string | undefined
}

const string = z.string()

/** What is said: kept and sent in one spelling, see {@link wellFormed}. */
const spoken = z.string().transform(wellFormed)

/** The chat in an answer or event, or undefined when there is none that has an id. */
export function readChat(answer: unknown): Chat | undefined {
  return unwrap(answer, (value) => {
    const raw = fieldsOf(value)
    return raw && chatFrom(raw)
  })
}

/** One page of chats; entries without a chat id are left out. Undefined when there is no list at all. */
export function readChatPage(answer: unknown): ChatPage | undefined {
  return unwrap(answer, (value) => {
    if (Array.isArray(value)) return { chats: chatsFrom(value) }
    const raw = fieldsOf(value)
    if (!raw) return undefined
    const items = field(raw, list, 'data', 'items', 'chats')
    if (items === undefined) return undefined
    const more = raw.has_more !== false && raw.hasMore !== false
    return {
      chats: chatsFrom(items),
      next: more ? field(raw, filled, 'pagination_key', 'paginationKey') : undefined,
    }
  })
}

/** What the agent's side said in this turn; may be empty. Undefined when there is no list of messages. */
export function readReplies(answer: unknown): ChatMessage[] | undefined {
  return unwrap(answer, (value) => {
    if (Array.isArray(value)) return value.map(messageFrom)
    const raw = fieldsOf(value)
    return raw && field(raw, list, 'messages')?.map(messageFrom)
  })
}

function chatsFrom(items: unknown[]): Chat[] {
  return items.flatMap((item) => readChat(item) ?? [])
}

function chatFrom(raw: Raw): Chat | undefined {
  const chatId = field(raw, filled, 'chatId', 'chat_id')
  if (chatId === undefined) return undefined
  const status = field(raw, filled, 'status', 'chat_status', 'chatStatus') ?? 'unknown'
  const history = field(raw, list, 'message_with_tool_calls', 'messageWithToolCalls', 'messages')
  const analysis = field(raw, record, 'chatAnalysis', 'chat_analysis')
  return {
    chatId,
    agentId: field(raw, filled, 'agentId', 'agent_id'),
    status,
    over: ['ended', 'error'].includes(status.toLowerCase()) || hasEndTime(raw),
    type: field(raw, filled, 'type', 'chat_type', 'chatType'),
    version: field(raw, z.number(), 'version'),
    metadata: field(raw, record, 'metadata'),
    customAttributes: field(raw, record, 'customAttributes', 'custom_attributes'),
    dynamicVariables: field(
      raw,
      record,
      'uponai_dynamic_variables',
      'retell_llm_dynamic_variables',
      'uponaiDynamicVariables',
    ),
    collectedDynamicVariables: field(raw, record, 'collectedDynamicVariables', 'collected_dynamic_variables'),
    overrideDynamicVariables: field(raw, record, 'overrideDynamicVariables', 'override_dynamic_variables'),
    startedAt: field(raw, instant, 'startedAt', 'started_at', 'start_timestamp', 'startTimestamp'),
    endedAt: field(raw, instant, 'endedAt', 'ended_at', 'end_timestamp', 'endTimestamp'),
    transcript: field(raw, string, 'transcript'),
    messages: history?.map(messageFrom) ?? [],
    historyIncluded: history !== undefined,
    analysis: analysis && analysisFrom(analysis),
    cost: field(raw, record, 'chatCost', 'chat_cost'),
    raw,
  }
}

/** An end time that cannot be read still says that the chat ended. */
function hasEndTime(raw: Raw): boolean {
  return ['endedAt', 'ended_at', 'end_timestamp', 'endTimestamp'].some((name) => Boolean(raw[name]))
}

/** Entries that cannot be read stay as empty ones, so that positions in the history keep their meaning. */
function messageFrom(item: unknown): ChatMessage {
  if (typeof item === 'string') return { content: wellFormed(item) }
  const raw = fieldsOf(item)
  if (!raw) return {}
  return {
    role: field(raw, filled, 'role')?.toLowerCase(),
    content: field(raw, spoken, 'content'),
    id: field(raw, filled, 'message_id', 'messageId', 'id'),
    at: field(raw, instant, 'created_timestamp', 'createdTimestamp', 'createdAt', 'created_at', 'timestamp'),
    name: field(raw, filled, 'name'),
    toolCallId: field(raw, filled, 'tool_call_id', 'toolCallId'),
    toolCalls: field(raw, list, 'tool_calls', 'toolCalls'),
    arguments: field(raw, string, 'arguments'),
    successful: field(raw, z.boolean(), 'successful'),
    multimedia: field(raw, list, 'multimedia'),
    transition: transitionFrom(raw),
  }
}

function transitionFrom(raw: Raw): ChatMessage['transition'] {
  const from = field(raw, filled, 'former_node_name', 'formerNodeName', 'former_state_name', 'formerStateName')
  const to = field(raw, filled, 'new_node_name', 'newNodeName', 'new_state_name', 'newStateName')
  if (from === undefined && to === undefined) return undefined
  return { type: field(raw, filled, 'transition_type', 'transitionType'), from, to }
}

function analysisFrom(raw: Raw): ChatAnalysis {
  return {
    summary: field(raw, string, 'chat_summary', 'chatSummary', 'summary'),
    userSentiment: field(raw, string, 'user_sentiment', 'userSentiment'),
    successful: field(raw, z.boolean(), 'chat_successful', 'chatSuccessful'),
    custom: field(raw, record, 'custom_analysis_data', 'customAnalysisData'),
  }
}
