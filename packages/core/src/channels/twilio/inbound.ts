import { z } from 'zod'
import type { Profile } from '../../conversations/profile.ts'
import type { CarriedChannel } from '../channel.ts'
import { carriedChannelOf } from '../channels.ts'
import { addressIn } from './address.ts'
import { type InboundMedia, mediaOf } from './media.ts'
import type { OptOutWord } from './opt-out-phrases.ts'
import { profileFields, profileOf } from './profile.ts'
import { inTheirWords, isBlank, isLostFile, ownWords, type Said, saidFields, saidIn, unreadable } from './said.ts'

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
  /** What there is to read in it, attachments aside; undefined when there are attachments alone. */
  text?: string
  /** The person's own words, where the text says more than these, or less; absent: the text. */
  wrote?: string
  /** They tapped a button, or an entry of a list, whose words are ours. */
  tapped?: true
  /** Twilio's Advanced Opt-Out took it for one of its words, in whatever language. */
  optOut?: OptOutWord
  /** What Twilio tells of the person. */
  profile?: Profile
  /** How many pictures and the like came with it. */
  attachments: number
  /** Those of them that can be fetched; Twilio's list of messages names none. */
  media: InboundMedia[]
}

const required = (what: string) => z.string({ error: `expected ${what}` }).min(1, { error: `expected ${what}` })

const address = required('an address')
  .transform(addressIn)
  .refine((text) => text !== '', { error: 'expected an address' })

const OPT_OUT_WORDS = { STOP: 'stop', START: 'start', HELP: 'help' } as const

/**
 * The form of Twilio's inbound webhook. Fields that are not read here come without notice and are no error.
 * @see https://www.twilio.com/docs/messaging/guides/webhook-request
 */
export const inboundSmsForm = z
  .looseObject({
    MessageSid: required('the id of a message').max(64, { error: 'expected the id of a message' }),
    AccountSid: required('the id of an account'),
    From: address,
    To: address,
    MessagingServiceSid: z.string().optional(),
    NumMedia: z.string().optional().catch(undefined),
    OptOutType: z
      .enum(['STOP', 'START', 'HELP'])
      .transform((type) => OPT_OUT_WORDS[type])
      .optional()
      .catch(undefined),
    ...saidFields,
    ...profileFields,
  })
  .transform((form) => {
    const attachments = countOf(form)
    const profile = profileOf(form)
    return inboundSms({
      messageSid: form.MessageSid,
      accountSid: form.AccountSid,
      from: form.From,
      to: form.To,
      messagingServiceSid: form.MessagingServiceSid,
      said: saidIn(form),
      ...(form.OptOutType && { optOut: form.OptOutType }),
      ...(profile && { profile }),
      attachments,
      media: mediaOf(form, form.AccountSid, attachments),
    })
  })

/** Of the files: by the number that the form says, or else by those that it names. */
function countOf(form: { NumMedia?: string | undefined; [field: string]: unknown }): number {
  const said = /^\s*\d{1,3}\s*$/.test(form.NumMedia ?? '') ? Number(form.NumMedia) : 0
  let named = 0
  while (typeof form[`MediaUrl${named}`] === 'string') named++
  return Math.max(said, named)
}

/** A message by what Twilio says of it, in a webhook or in its list of messages. */
export function inboundSms(
  given: Omit<InboundSms, 'channel' | 'messagingServiceSid' | 'text'> & {
    messagingServiceSid: string | undefined
    said: Said
  },
): InboundSms {
  const { messagingServiceSid, said: brought, ...rest } = given
  const said = inTheirWords(brought)
  const channel = carriedChannelOf(given.from)
  const read = channel.read(said)
  const blank = isBlank(read)
  const attachments = given.attachments === 0 && blank && isLostFile(said) ? 1 : given.attachments
  // Whatever a person did leaves a trace, also where nobody can say what it was.
  const text = blank ? (attachments === 0 ? unreadable(said) : undefined) : read
  const own = ownWords(said)
  return {
    ...rest,
    attachments,
    channel: channel.name,
    ...(messagingServiceSid && { messagingServiceSid }),
    ...(text !== undefined && { text }),
    ...(own.text !== text && { wrote: own.text }),
    ...(own.tapped && { tapped: true as const }),
  }
}
