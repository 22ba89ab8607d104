import { z } from 'zod'

const text = z.string({ error: 'expected a text' })
const filled = text.min(1, 'expected a text that is not empty')
const object = z.record(z.string(), z.unknown(), { error: 'expected an object' })
const yesOrNo = z.boolean({ error: 'expected true or false' })
const nullable = <T extends z.ZodType>(shape: T) => shape.nullable().optional()

const url = z.url({ protocol: /^https?$/, error: 'expected an http or https URL, or null' })

function whole(min: number, max: number) {
  const error = `expected a whole number from ${min} to ${max}, or null`
  return z.int({ error }).min(min, { error }).max(max, { error })
}

const events = ['chat_started', 'chat_ended', 'chat_analyzed'] as const
const storage = z.enum(['everything', 'everything_except_pii', 'basic_attributes_only'], {
  error: 'expected everything, everything_except_pii or basic_attributes_only, or null',
})

const shared = {
  end_chat_after_silence_ms: nullable(whole(1, 2 ** 31 - 1)),
  auto_close_message: nullable(text),
  webhook_url: nullable(url),
  webhook_events: nullable(
    z.array(z.enum([...events, 'transcript_updated']), {
      error: `expected a list of ${events.join(', ')} and transcript_updated, or null`,
    }),
  ),
  timezone: nullable(filled),
  data_storage_setting: nullable(storage),
  data_storage_retention_days: nullable(whole(1, 730)),
  post_chat_analysis_model: nullable(filled),
  post_chat_analysis_data: nullable(z.array(object, { error: 'expected a list of objects, or null' })),
  handbook_config: object.optional(),
}

function unknownFields({ keys }: { code?: string; keys?: unknown }): string | undefined {
  return Array.isArray(keys) ? `${keys.join(', ')}: expected a field that an agent has in this dialect` : undefined
}

/**
 * What an agent may be made of in each dialect, as UponAI and Retell name it; `response_engine` and, in `rest`, `agent_name`
 * are required of a new one. Fields that the dialect does not have are refused: a misspelled one would change nothing.
 * @see https://documentation.uponai.com/api-reference/chat-agents/create-chat-agent
 * @see https://docs.retellai.com/api-references/create-chat-agent
 */
export const agentFields = {
  rest: z.strictObject(
    {
      agent_name: filled,
      response_engine: z.union(
        [
          z.looseObject({ type: filled, llm_id: filled }),
          z.looseObject({ type: filled, conversation_flow_id: filled }),
          z.looseObject({ type: filled, llm_websocket_url: filled }),
        ],
        { error: 'expected an object with type and llm_id, or conversation_flow_id, or llm_websocket_url' },
      ),
      ...shared,
      is_public: yesOrNo.optional(),
      uponai_dynamic_variables: object.optional(),
    },
    { error: unknownFields },
  ),
  rpc: z.strictObject(
    {
      agent_name: nullable(filled),
      response_engine: z.union(
        [
          z.looseObject({ type: z.literal('retell-llm'), llm_id: filled }),
          z.looseObject({ type: z.literal('conversation-flow'), conversation_flow_id: filled }),
          z.looseObject({ type: z.literal('custom-llm'), llm_websocket_url: filled }),
        ],
        {
          error:
            'expected type retell-llm with llm_id, or type conversation-flow with conversation_flow_id, or type custom-llm with llm_websocket_url',
        },
      ),
      ...shared,
      end_chat_after_silence_ms: nullable(whole(120_000, 259_200_000)),
      webhook_timeout_ms: z.int({ error: 'expected a whole number of milliseconds' }).positive().optional(),
      language: z
        .union([filled, z.array(filled)], { error: 'expected a language such as en-US, or a list' })
        .optional(),
      guardrail_config: object.optional(),
      pii_config: object.optional(),
      opt_in_signed_url: yesOrNo.optional(),
      signed_url_expiration_ms: nullable(
        z.int({ error: 'expected a whole number of milliseconds, or null' }).positive(),
      ),
      version_title: nullable(text),
    },
    { error: unknownFields },
  ),
}

/** The body of a request about an agent, under UponAI's own names. */
export type AgentFields = Record<string, unknown>

/** Every field of either dialect. */
export const agentFieldNames: readonly string[] = [
  ...new Set([...Object.keys(agentFields.rest.shape), ...Object.keys(agentFields.rpc.shape)]),
]
