import { z } from 'zod'

const text = z.string().nullable().optional()
const object = z.record(z.string(), z.unknown())

/** What both dialects take; a field that is not known is passed over, as nothing says that it is refused. */
const shared = {
  end_chat_after_silence_ms: z.int().nullable().optional(),
  auto_close_message: text,
  webhook_url: z.url().nullable().optional(),
  webhook_events: z.array(z.string()).nullable().optional(),
  timezone: text,
  data_storage_setting: text,
  data_storage_retention_days: z.int().min(1).max(730).nullable().optional(),
  post_chat_analysis_model: text,
  post_chat_analysis_data: z.array(object).nullable().optional(),
}

/** `POST /api/chat-agents` */
export const restAgentFields = z.object({
  agent_name: z.string().min(1),
  response_engine: z.looseObject({ type: z.string(), llm_id: z.string() }),
  ...shared,
  is_public: z.boolean().optional(),
  uponai_dynamic_variables: object.optional(),
})

/** `PATCH /api/chat-agents/{agentId}`: what its page lists, and no more. */
export const restAgentChange = z.object({
  agent_name: z.string().min(1).optional(),
  auto_close_message: text,
  is_public: z.boolean().optional(),
  handbook_config: object.optional(),
})

const silence = z.int().min(120_000).max(259_200_000).nullable().optional()
const events = z.enum(['chat_started', 'chat_ended', 'chat_analyzed', 'transcript_updated'])

/** `POST /create-chat-agent` */
export const rpcAgentFields = z.object({
  response_engine: z.looseObject({ type: z.enum(['retell-llm', 'conversation-flow', 'custom-llm']) }),
  agent_name: text,
  ...shared,
  end_chat_after_silence_ms: silence,
  webhook_events: z.array(events).nullable().optional(),
  webhook_timeout_ms: z.int().optional(),
  language: z.union([z.string(), z.array(z.string())]).optional(),
  handbook_config: object.optional(),
  guardrail_config: object.optional(),
  pii_config: object.optional(),
  opt_in_signed_url: z.boolean().optional(),
  signed_url_expiration_ms: z.int().nullable().optional(),
  version_title: text,
})

/** `PATCH /update-chat-agent/{agent_id}` */
export const rpcAgentChange = rpcAgentFields.partial()
