import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { InboundSmsEntry } from '../history/entries.ts'
import { below } from '../settings.ts'
import type { Carrier } from './carrier.ts'
import { type Media, mediaSchema, mediaSid } from './media.ts'
import { newMessageSid } from './messages.ts'
import { countSegments } from './segments.ts'
import { signedForm } from './signed-form.ts'

const timeoutMs = 15_000
const path = '/webhooks/twilio/messages'

/** The body of `POST /_sandbox/sms`. */
export const inboundSmsSchema = z.strictObject({
  from: z.string().min(1),
  to: z.string().min(1),
  body: z.string().default(''),
  /** Given again: another delivery of the same message. */
  message_sid: z
    .string()
    .regex(/^(SM|MM)[0-9a-fA-F]{32}$/, 'expected SM or MM and 32 hex digits')
    .optional(),
  /** How many files the form names; those in `media` are counted anyway. */
  num_media: z.int().min(0).max(10).default(0),
  /** Files that are really there. */
  media: z.array(mediaSchema).max(10).default([]),
  messaging_service_sid: z.string().optional(),
  /** More form fields, or other values for the usual ones. */
  fields: z.record(z.string(), z.string()).default({}),
  signature: z.enum(['valid', 'wrong', 'missing']).default('valid'),
})

export type InboundSms = z.infer<typeof inboundSmsSchema>
export type InboundSmsInput = z.input<typeof inboundSmsSchema>

export interface InboundSmsResult {
  message_sid: string
  /** The api's status; null when it gave no answer. */
  status: number | null
  error: string | null
  duplicate: boolean
  texted_back: string | null
}

/** Delivers an inbound SMS to the api, signed over the public URL, and waits for its answer. */
export async function sendInboundSms(carrier: Carrier, sms: InboundSms): Promise<InboundSmsResult> {
  const { settings, messages } = carrier
  const numMedia = Math.max(sms.num_media, sms.media.length)
  const sid = sms.message_sid ?? newMessageSid(numMedia)
  const duplicate = messages.get(sid) !== undefined
  if (!duplicate) {
    const messagingServiceSid = sms.messaging_service_sid ?? null
    const { from, to, body } = sms
    const media = sms.media.map((file, i): Media => ({ ...file, sid: mediaSid(sid, i) }))
    messages.add({
      sid,
      direction: 'inbound',
      from,
      to,
      body,
      status: 'received',
      numMedia,
      media,
      messagingServiceSid,
    })
    carrier.optOuts.heard({
      from,
      to,
      body,
      service: sms.messaging_service_sid,
      optOutType: sms.fields.OptOutType,
    })
  }
  const url = below(settings.api_url, path)
  const entry: InboundSmsEntry = {
    kind: 'inbound_sms',
    ...carrier.history.begin(),
    url,
    error: null,
    message_sid: sid,
    from: sms.from,
    to: sms.to,
    body: sms.body,
    duplicate,
    texted_back: null,
  }
  carrier.history.add(entry)
  const { headers, body } = signedForm(
    carrier.authToken,
    below(settings.public_url, path),
    formOf(carrier, sms, sid, numMedia),
  )
  headers['i-twilio-idempotency-token'] = randomUUID()
  if (sms.signature === 'wrong') headers['x-twilio-signature'] = 'AAAAAAAAAAAAAAAAAAAAAAAAAAA='
  if (sms.signature === 'missing') delete headers['x-twilio-signature']
  const answer = await carrier.post(entry, url, headers, body, timeoutMs)
  // Twilio sends a plain-text answer to the person who wrote.
  const isText = answer !== undefined && answer.status < 300 && answer.contentType.startsWith('text/plain')
  if (isText && answer.text !== '') entry.texted_back = answer.text
  return { message_sid: sid, status: entry.status, error: entry.error, duplicate, texted_back: entry.texted_back }
}

function formOf(carrier: Carrier, sms: InboundSms, sid: string, numMedia: number): Record<string, string> {
  const { accountSid } = carrier
  const media: Record<string, string> = {}
  for (let i = 0; i < numMedia; i += 1) {
    const path = `/2010-04-01/Accounts/${accountSid}/Messages/${sid}/Media/${mediaSid(sid, i)}`
    media[`MediaUrl${i}`] = `https://api.twilio.com${path}`
    media[`MediaContentType${i}`] = sms.media[i]?.content_type ?? 'image/jpeg'
  }
  return {
    ToCountry: 'US',
    FromCountry: 'US',
    SmsMessageSid: sid,
    NumMedia: String(numMedia),
    SmsSid: sid,
    SmsStatus: 'received',
    Body: sms.body,
    To: sms.to,
    From: sms.from,
    NumSegments: String(countSegments(sms.body)),
    MessageSid: sid,
    AccountSid: accountSid,
    ApiVersion: '2010-04-01',
    ...(sms.messaging_service_sid === undefined ? {} : { MessagingServiceSid: sms.messaging_service_sid }),
    ...media,
    ...sms.fields,
  }
}
