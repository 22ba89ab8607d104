import { z } from 'zod'
import type { Channel } from '../../conversations/conversation.ts'

/** A message that someone sent to one of our addresses. */
export interface InboundSms {
  /** Twilio's id of the message; repeats carry the same one. */
  messageSid: string
  accountSid: string
  channel: Exclude<Channel, 'web'>
  /** Full addresses, with their channel: `+1…`, `whatsapp:+1…`. */
  from: string
  to: string
  messagingServiceSid?: string
  /** What the agent gets to read; undefined when there is nothing to read (a location, an empty text). */
  text?: string
}

const required = (what: string) => z.string({ error: `expected ${what}` }).min(1, { error: `expected ${what}` })

/**
 * The form of Twilio's inbound webhook. Fields that are not read here come without notice and are no error.
 * @see https://www.twilio.com/docs/messaging/guides/webhook-request
 */
export const inboundSmsForm = z
  .object({
    MessageSid: required('the id of a message').max(64, { error: 'expected the id of a message' }),
    AccountSid: required('the id of an account'),
    From: required('an address'),
    To: required('an address'),
    MessagingServiceSid: z.string().optional(),
    Body: z.string().default(''),
    NumMedia: z.string().regex(/^\d+$/, 'expected a number').default('0'),
  })
  .transform((form) =>
    inboundSms({
      messageSid: form.MessageSid,
      accountSid: form.AccountSid,
      from: form.From,
      to: form.To,
      messagingServiceSid: form.MessagingServiceSid,
      body: form.Body,
      media: Number(form.NumMedia),
    }),
  )

/** A message by what Twilio says of it, in a webhook or in its list of messages. */
export function inboundSms(said: {
  messageSid: string
  accountSid: string
  from: string
  to: string
  messagingServiceSid: string | undefined
  body: string
  /** How many pictures and the like came with it. */
  media: number
}): InboundSms {
  const { messageSid, accountSid, from, to, messagingServiceSid, body, media } = said
  const text = readable(body, media)
  return {
    messageSid,
    accountSid,
    channel: channelOf(from),
    from,
    to,
    ...(messagingServiceSid && { messagingServiceSid }),
    ...(text !== undefined && { text }),
  }
}

function channelOf(address: string): InboundSms['channel'] {
  if (address.startsWith('whatsapp:')) return 'whatsapp'
  return address.startsWith('rcs:') ? 'rcs' : 'sms'
}

/** A completion takes text only, and never an empty one. */
function readable(body: string, media: number): string | undefined {
  if (body.trim() !== '') return body
  if (media === 0) return undefined
  return `(The person sent ${media} ${media === 1 ? 'attachment' : 'attachments'} that cannot be shown here.)`
}
