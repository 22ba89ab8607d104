import { z } from 'zod'
import { restNumberOf } from '../uponai/agent-shapes.ts'
import type { Chat } from '../uponai/chats.ts'

/** A chat as it truly is, for checks: `GET /_sandbox/chats`. */
export const trueChatSchema = z.object({
  chat_id: z.string(),
  agent_id: z.string(),
  /** As the chat's dialect counts: from 0 in rpc, from 1 in rest. */
  agent_version: z.int(),
  dialect: z.enum(['rest', 'rpc']),
  status: z.enum(['ongoing', 'ended']),
  metadata: z.record(z.string(), z.unknown()).nullable(),
  dynamic_variables: z.record(z.string(), z.string()).nullable(),
  /** Times in ms. */
  started_at: z.int(),
  ended_at: z.int().nullable(),
  ended_by: z.enum(['api', 'agent', 'sandbox']).nullable(),
  /** Completions that took effect. */
  completions: z.int(),
  /** The most completions whose callers ever waited at once. */
  max_in_flight: z.int(),
  /** The most completions ever worked on at once, also for callers who had left. */
  max_working: z.int(),
  messages: z.array(
    z.looseObject({
      role: z.string(),
      content: z.string().optional(),
      message_id: z.string(),
      created_timestamp: z.int(),
    }),
  ),
})

export type TrueChat = z.infer<typeof trueChatSchema>

export function trueChat(chat: Chat): TrueChat {
  return {
    chat_id: chat.id,
    agent_id: chat.agentId,
    agent_version: chat.dialect === 'rest' ? restNumberOf(chat.agentVersion) : chat.agentVersion,
    dialect: chat.dialect,
    status: chat.status,
    metadata: chat.metadata ?? null,
    dynamic_variables: chat.dynamicVariables ?? null,
    started_at: chat.startedAt,
    ended_at: chat.endedAt,
    ended_by: chat.endedBy,
    completions: chat.completions,
    max_in_flight: chat.maxInFlight,
    max_working: chat.maxWorking,
    messages: chat.messages,
  }
}
