import { z } from 'zod'

const statusNames = ['queued', 'sending', 'sent', 'delivered', 'undelivered', 'failed', 'read'] as const

/** Messages that Twilio takes and does not deliver. */
const deliveryFailureSchema = z.strictObject({
  to: z.string().optional(),
  from: z.string().optional(),
  status: z.enum(['failed', 'undelivered']).default('undelivered'),
  code: z.int(),
  /** How often still; without it, always. */
  times: z.int().min(0).optional(),
})

export const settingsSchema = z.strictObject({
  /** Where inbound SMS and UponAI's webhooks are sent to. */
  api_url: z.url(),
  /** The address that Twilio's signatures are made over; status callbacks below it go to `api_url`. */
  public_url: z.url(),
  /** UponAI's webhooks. */
  webhooks: z.boolean(),
  webhook_retry_ms: z.number().min(0),
  /** From the end of a chat to its analysis. */
  analysis_ms: z.number().min(0),
  /** Whether rest messages carry a role (rpc messages always do). */
  message_roles: z.boolean(),
  message_ids: z.boolean(),
  message_timestamps: z.boolean(),
  /** Whether a user's text is in the chat as soon as it arrives, or only together with the answer. */
  text_stored: z.enum(['arrival', 'answer']),
  /** Answer to end-chat for a chat that is over: an error or a success. */
  end_when_ended: z.enum(['error', 'ok']),
  /** Twilio's way of a message: the statuses it reports, in the order in which it reports them. */
  status_callbacks: z.boolean(),
  statuses: z.array(z.enum(statusNames)).max(20),
  status_delay_ms: z.number().min(0),
  /** Sent with `undelivered` and `failed`. */
  status_error_code: z.int(),
  /** Messages that are taken and do not arrive; the first one that fits counts. */
  delivery_failures: z.array(deliveryFailureSchema),
  /** Segments that each sender sends per second (messages on WhatsApp and RCS), the rest waiting; null: as many as come. */
  max_per_second: z.number().positive().nullable(),
  /** Segments that may wait per sender: one more is refused with 21611, with a Messaging Service fails later with 30001. */
  queue_segments: z.int().min(1),
  /** How long after a person's message WhatsApp takes free texts; later ones do not arrive, with 63016. */
  whatsapp_window_ms: z.int().min(0),
  /** Numbers the account owns; null: every valid sender. */
  senders: z.array(z.string()).nullable(),
  /** How far Twilio's clock is ahead of this machine's, ms; a negative one makes messages of the past. */
  twilio_clock_ms: z.int(),
  /** What Twilio keeps of a text: all, all behind a trial account's note, or with Smart Encoding's plain quotation marks. */
  texts_kept: z.enum(['as_sent', 'trial', 'smart_encoded']),
})

/** The body of `POST /_sandbox/settings`: what is left out stays as it is. */
export const settingsChangeSchema = settingsSchema.partial()

export type Settings = z.infer<typeof settingsSchema>
export type MessageStatus = (typeof statusNames)[number]

export function defaultSettings(apiUrl: string, publicUrl: string): Settings {
  return {
    api_url: apiUrl,
    public_url: publicUrl,
    webhooks: false,
    webhook_retry_ms: 500,
    analysis_ms: 50,
    message_roles: true,
    message_ids: true,
    message_timestamps: true,
    text_stored: 'arrival',
    end_when_ended: 'error',
    status_callbacks: true,
    statuses: ['queued', 'sent', 'delivered'],
    status_delay_ms: 20,
    status_error_code: 30003,
    delivery_failures: [],
    max_per_second: null,
    queue_segments: 36_000,
    whatsapp_window_ms: 86_400_000,
    senders: null,
    twilio_clock_ms: 0,
    texts_kept: 'as_sent',
  }
}

/** An address below another one: `http://host/base` and `/path` make `http://host/base/path`. */
export function below(base: string, path: string): string {
  return `${base.replace(/\/+$/, '')}${path}`
}
