import type { Settings } from '../settings.ts'
import { restNumberOf } from './agent-shapes.ts'
import { type Chat, type ChatMessage, transcriptOf } from './chats.ts'

export const analysis = {
  chat_summary: 'A conversation in the sandbox.',
  user_sentiment: 'Unknown',
  chat_successful: true,
  custom_analysis_data: {},
}

export const cost = (chat: Chat) => ({ combined_cost: chat.completions, product_costs: [] })

function withoutUndeclared(message: ChatMessage, settings: Settings) {
  const { message_id, created_timestamp, ...item } = message
  return {
    ...item,
    ...(settings.message_ids ? { message_id } : {}),
    ...(settings.message_timestamps ? { created_timestamp } : {}),
  }
}

export function rpcMessage(message: ChatMessage, settings: Settings) {
  return withoutUndeclared(message, settings)
}

/** `content`, `name`, `tool_calls` are documented; role, id and time are not, and can be switched off. */
export function restMessage(message: ChatMessage, settings: Settings) {
  const { role, content, name, arguments: args, tool_call_id: id, successful, ...rest } = message
  const { message_id, created_timestamp } = withoutUndeclared(message, settings)
  const isTool = role === 'tool_call_invocation' || role === 'tool_call_result'
  const label = name ?? rest.new_node_name
  return {
    ...(settings.message_roles ? { role } : {}),
    content: content ?? '',
    ...(label === undefined ? {} : { name: label }),
    ...(isTool ? { tool_calls: [{ id, name, arguments: args, successful }] } : {}),
    ...(message_id === undefined ? {} : { message_id }),
    ...(created_timestamp === undefined ? {} : { created_timestamp }),
  }
}

/** The rpc chat object; lists leave out the transcript and the messages. */
export function rpcChat(chat: Chat, settings: Settings, inList = false) {
  const over = chat.status === 'ended'
  return {
    chat_id: chat.id,
    agent_id: chat.agentId,
    chat_status: chat.status,
    chat_type: chat.type,
    version: chat.agentVersion,
    retell_llm_dynamic_variables: chat.dynamicVariables,
    override_dynamic_variables: chat.overrideDynamicVariables,
    collected_dynamic_variables: over ? {} : undefined,
    custom_attributes: chat.customAttributes,
    start_timestamp: chat.startedAt,
    end_timestamp: chat.endedAt ?? undefined,
    ...(inList
      ? {}
      : {
          transcript: transcriptOf(chat),
          message_with_tool_calls: chat.messages.map((message) => rpcMessage(message, settings)),
        }),
    metadata: chat.metadata,
    chat_cost: over ? cost(chat) : undefined,
    chat_analysis: chat.analysed ? analysis : undefined,
  }
}

export function restChat(chat: Chat, settings: Settings) {
  const over = chat.status === 'ended'
  return {
    chatId: chat.id,
    agentId: chat.agentId,
    version: restNumberOf(chat.agentVersion),
    status: chat.status,
    type: 'web_chat',
    metadata: chat.metadata ?? {},
    customAttributes: chat.customAttributes ?? {},
    startedAt: new Date(chat.startedAt).toISOString(),
    endedAt: chat.endedAt === null ? null : new Date(chat.endedAt).toISOString(),
    transcript: over ? transcriptOf(chat) : null,
    messages: chat.messages.map((message) => restMessage(message, settings)),
    chatCost: over ? cost(chat) : undefined,
    chatAnalysis: chat.analysed ? analysis : undefined,
    collectedDynamicVariables: over ? {} : undefined,
    uponai_dynamic_variables: chat.dynamicVariables ?? {},
    overrideDynamicVariables: chat.overrideDynamicVariables,
  }
}
