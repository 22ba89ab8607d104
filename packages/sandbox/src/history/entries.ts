import { z } from 'zod'

/** `at`: when it reached (or left) the sandbox; `answered_at`: when it was answered or its connection ended. Both in ms. */
const step = {
  seq: z.int(),
  at: z.int(),
  answered_at: z.int().nullable(),
  status: z.int().nullable(),
  outcome: z.enum(['pending', 'answered', 'dropped']),
}

const served = {
  ...step,
  /** Whether anything changed on the provider's side, whatever was answered. */
  effect: z.boolean(),
  fault: z.object({ rule: z.int(), kind: z.string() }).nullable(),
  delay_ms: z.number(),
}

export const uponaiOperations = [
  'create',
  'completion',
  'get',
  'list',
  'update',
  'end',
  'delete',
  'rerun-analysis',
  'sms-create',
  'agent-create',
  'agent-get',
  'agent-list',
  'agent-update',
  'agent-versions',
  'agent-publish',
  'agent-draft',
  'concurrency',
] as const
export const twilioOperations = [
  'message-create',
  'message-fetch',
  'message-update',
  'message-delete',
  'message-list',
  'media-fetch',
  'media-content',
  'media-list',
  'media-delete',
] as const

const uponaiEntrySchema = z.object({
  kind: z.literal('uponai'),
  ...served,
  operation: z.enum([...uponaiOperations, 'unknown']),
  dialect: z.enum(['rest', 'rpc']).nullable(),
  chat_id: z.string().nullable(),
  agent_id: z.string().nullable(),
  content: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()).nullable(),
  path: z.string().optional(),
})

const twilioEntrySchema = z.object({
  kind: z.literal('twilio'),
  ...served,
  operation: z.enum([...twilioOperations, 'unknown']),
  sid: z.string().nullable(),
  to: z.string().nullable(),
  from: z.string().nullable(),
  messaging_service_sid: z.string().nullable(),
  body: z.string().nullable(),
  /** The links to the files that go with it. */
  media_urls: z.array(z.string()),
  /** Of a template: which one, and its variables as they were given. */
  content_sid: z.string().optional(),
  content_variables: z.string().optional(),
  status_callback: z.string().nullable(),
  /** Whether the request came with credentials. */
  credentials: z.boolean(),
  /** Twilio's error code, when it was refused. */
  code: z.int().nullable(),
  path: z.string().optional(),
})

const sent = { ...step, url: z.string(), error: z.string().nullable() }

const inboundSmsEntrySchema = z.object({
  kind: z.literal('inbound_sms'),
  ...sent,
  message_sid: z.string(),
  from: z.string(),
  to: z.string(),
  body: z.string(),
  duplicate: z.boolean(),
  /** What Twilio would have texted back because of the answer's body; null for a silent answer. */
  texted_back: z.string().nullable(),
})

const webhookEntrySchema = z.object({
  kind: z.literal('webhook'),
  ...sent,
  event: z.string(),
  chat_id: z.string(),
  attempt: z.int(),
})

const statusCallbackEntrySchema = z.object({
  kind: z.literal('status_callback'),
  ...sent,
  message_sid: z.string(),
  message_status: z.string(),
  to: z.string(),
})

export const historyEntrySchema = z.discriminatedUnion('kind', [
  uponaiEntrySchema,
  twilioEntrySchema,
  inboundSmsEntrySchema,
  webhookEntrySchema,
  statusCallbackEntrySchema,
])

export const historyKinds = ['uponai', 'twilio', 'inbound_sms', 'webhook', 'status_callback'] as const

export type UponaiEntry = z.infer<typeof uponaiEntrySchema>
export type TwilioEntry = z.infer<typeof twilioEntrySchema>
export type InboundSmsEntry = z.infer<typeof inboundSmsEntrySchema>
export type WebhookEntry = z.infer<typeof webhookEntrySchema>
export type StatusCallbackEntry = z.infer<typeof statusCallbackEntrySchema>
export type HistoryEntry = z.infer<typeof historyEntrySchema>
export type HistoryKind = HistoryEntry['kind']
export type ServedEntry = UponaiEntry | TwilioEntry
export type SentEntry = InboundSmsEntry | WebhookEntry | StatusCallbackEntry
export type UponaiOperation = (typeof uponaiOperations)[number]
export type TwilioOperation = (typeof twilioOperations)[number]
