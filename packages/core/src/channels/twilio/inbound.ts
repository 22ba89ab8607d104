import { z } from 'zod'
import type { CarriedChannel } from '../channel.ts'
import { carriedChannelOf } from '../channels.ts'
import { type InboundMedia, mediaOf } from './media.ts'
import type { OptOutWord } from './opt-out-words.ts'
import { inTheirWords, type Said, saidFields, saidIn } from './said.ts'

/** A message that someone sent to one of our addresses. */
export interface InboundSms {
  /** Twilio's id of the message; repeats carry the same one. */
  messageSid: string
  accountSid: string
  channel: CarriedChannel['name']
  /** Full addresses, with their channel: `+1…`, `whatsapp:+1…`. */
  from: string
  to: string
  messagingServiceSid?: string
  /** What there is to read in it, attachments aside; undefined when there is nothing. */
  text?: string
  /** Twilio's Advanced Opt-Out took it for one of its words, in whatever language. */
  optOut?: OptOutWord
  /** How many pictures and the like came with it. */
  attachments: number
  /** Those of them that can be fetched; Twilio's list of messages names none. */
  media: InboundMedia[]
}

const required = (what: string) => z.string({ error: `expected ${what}` }).min(1, { error: `expected ${what}` })

const OPT_OUT_WORDS = { STOP: 'stop', START: 'start', HELP: 'help' } as const

/**
 * The form of Twilio's inbound webhook. Fields that are not read here come without notice and are no error.
 * @see https://www.twilio.com/docs/messaging/guides/webhook-request
 */
export const inboundSmsForm = z
  .looseObject({
    MessageSid: required('the id of a message').max(64, { error: 'expected the id of a message' }),
    AccountSid: required('the id of an account'),
    From: required('an address'),
    To: required('an address'),
    MessagingServiceSid: z.string().optional(),
    NumMedia: z.string().regex(/^\d+$/, 'expected a number').default('0'),
    OptOutType: z
      .enum(['STOP', 'START', 'HELP'])
      .transform((type) => OPT_OUT_WORDS[type])
      .optional()
      .catch(undefined),
    ...saidFields,
  })
  .transform((form) =>
    inboundSms({
      messageSid: form.MessageSid,
      accountSid: form.AccountSid,
      from: form.From,
      to: form.To,
      messagingServiceSid: form.MessagingServiceSid,
      said: saidIn(form),
      ...(form.OptOutType && { optOut: form.OptOutType }),
      attachments: Number(form.NumMedia),
      media: mediaOf(form, form.AccountSid, Number(form.NumMedia)),
    }),
  )

/** A message by what Twilio says of it, in a webhook or in its list of messages. */
export function inboundSms(
  given: Omit<InboundSms, 'channel' | 'messagingServiceSid' | 'text'> & {
    messagingServiceSid: string | undefined
    said: Said
  },
): InboundSms {
  const { messagingServiceSid, said, ...rest } = given
  const channel = carriedChannelOf(given.from)
  const text = channel.read(inTheirWords(said))
  return {
    ...rest,
    channel: channel.name,
    ...(messagingServiceSid && { messagingServiceSid }),
    ...(text.trim() !== '' && { text }),
  }
}
