import { z } from 'zod'

/** What the baseline's processes read from their environment. */
export const baselineSettings = z.object({
  REDIS_URL: z.string(),
  PUBLIC_URL: z.string(),
  API_PORT: z.coerce.number(),
  PROVIDERS_URL: z.string(),
  TWILIO_ACCOUNT_SID: z.string(),
  TWILIO_AUTH_TOKEN: z.string(),
})

/** A job: one message. */
export const messageSchema = z.object({ from: z.string(), to: z.string(), text: z.string() })
export type Message = z.infer<typeof messageSchema>

export const queueName = 'messages'
