import { z } from 'zod'
import type { Settings } from '../settings.ts'
import { TwilioRefusal } from './errors.ts'
import type { OptOuts } from './opt-outs.ts'

const field = z.string().optional()

/** The form of a create request; fields beyond these are accepted and not looked at. */
export const createFormSchema = z.object({
  To: field,
  From: field,
  MessagingServiceSid: field,
  Body: field,
  ContentSid: field,
  ContentVariables: field,
  StatusCallback: field,
  ValidityPeriod: field,
  ScheduleType: field,
  SendAt: field,
  MediaUrl: z.union([z.string().transform((url) => [url]), z.array(z.string())]).optional(),
})

export type CreateForm = z.infer<typeof createFormSchema>

export interface WantedMessage {
  to: string
  from: string | null
  messagingServiceSid: string | null
  /** Of a template, which the sandbox does not know: its id and its variables. */
  body: string
  isTemplate: boolean
  mediaUrls: string[]
  statusCallback: string | null
  /** When it is to be sent, ms; null: at once. */
  sendAt: number | null
}

const phoneNumber = /^(?:[a-z]+:)?\+[1-9]\d{6,14}$/
const shortCode = /^\d{3,8}$/
const alphanumeric = /^(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}$/
const channelName = /^(?:messenger|rcs):.+$/

/** Senders and recipients of Twilio's test credentials that stand for an error. */
const magicSenders: Record<string, [number, string]> = {
  '+15005550001': [21212, 'is not a valid phone number, shortcode, or alphanumeric sender ID'],
  '+15005550007': [21606, 'is not a Twilio phone number or short code that you own'],
  '+15005550008': [21611, 'has exceeded the maximum number of queued messages'],
}
const magicRecipients: Record<string, [number, string]> = {
  '+15005550001': [21211, 'is not a valid phone number'],
  '+15005550002': [21612, 'cannot be reached from this sender'],
  '+15005550003': [21408, 'is in a region that is not enabled for this account'],
  '+15005550004': [21610, 'is unsubscribed'],
  '+15005550009': [21614, 'is not a mobile number'],
}

/** Checks a create request in Twilio's order and terms. Throws a TwilioRefusal. */
export function checkMessage(
  form: CreateForm,
  settings: Settings,
  optOuts: Pick<OptOuts, 'includes'>,
  now: number,
): WantedMessage {
  const { To: to, From: from, MessagingServiceSid: service, Body: body, MediaUrl: mediaUrls = [] } = form
  if (!to) throw new TwilioRefusal(21604, "A 'To' phone number is required.")
  if (!from && !service) throw new TwilioRefusal(21603, "A 'From' phone number is required.")
  if (!body && mediaUrls.length === 0 && !form.ContentSid) {
    throw new TwilioRefusal(21602, 'Message body is required.')
  }
  if (body !== undefined && body.length > 1600) {
    throw new TwilioRefusal(21617, 'The concatenated message body exceeds the 1600 character limit.')
  }
  if (mediaUrls.length > 10) throw new TwilioRefusal(21623, 'Number of media files exceeds the allowed limit of 10.')
  checkTemplate(form)
  if (form.StatusCallback && !isCallbackUrl(form.StatusCallback)) {
    throw new TwilioRefusal(21609, 'The StatusCallback URL is not a valid URL.')
  }
  if (service && !/^MG[0-9a-fA-F]{32}$/.test(service)) {
    throw new TwilioRefusal(21701, `The Messaging Service ${service} does not exist.`)
  }
  if (from) checkSender(from, settings)
  checkRecipient(to, from)
  if (optOuts.includes(to, from ?? null, service ?? null)) {
    throw new TwilioRefusal(21610, `Message cannot be sent: ${to} is unsubscribed.`)
  }
  return {
    to,
    from: from || null,
    messagingServiceSid: service || null,
    body: body ?? (form.ContentSid ? `${form.ContentSid} ${form.ContentVariables ?? '{}'}` : ''),
    isTemplate: !!form.ContentSid,
    mediaUrls,
    statusCallback: form.StatusCallback || null,
    sendAt: service ? sendAtOf(form, now) : null,
  }
}

function checkTemplate({ ContentSid: id, ContentVariables: variables }: CreateForm): void {
  if (id && !/^HX[0-9a-fA-F]{32}$/.test(id)) throw new TwilioRefusal(21655, `The ContentSid ${id} is invalid.`)
  if (variables && !isVariables(variables)) throw new TwilioRefusal(21656, 'The ContentVariables parameter is invalid.')
}

const variablesSchema = z.record(z.string(), z.string())

function isVariables(text: string): boolean {
  try {
    return variablesSchema.safeParse(JSON.parse(text)).success
  } catch {
    return false
  }
}

function checkSender(from: string, settings: Settings): void {
  const magic = magicSenders[from]
  if (magic !== undefined) throw new TwilioRefusal(magic[0], `The 'From' number ${from} ${magic[1]}.`)
  const plausible = [phoneNumber, shortCode, alphanumeric, channelName].some((form) => form.test(from))
  if (!plausible) {
    throw new TwilioRefusal(21212, `The 'From' number ${from} is not a valid phone number, shortcode, or sender ID.`)
  }
  if (settings.senders !== null && !settings.senders.includes(from)) {
    throw new TwilioRefusal(21606, `The 'From' phone number ${from} is not owned by this account.`)
  }
}

function checkRecipient(to: string, from: string | undefined): void {
  const magic = magicRecipients[to]
  if (magic !== undefined) throw new TwilioRefusal(magic[0], `The 'To' number ${to} ${magic[1]}.`)
  if (to === from) throw new TwilioRefusal(21266, `'To' and 'From' number cannot be the same: ${to}.`)
  if (from && isWhatsapp(to) !== isWhatsapp(from)) {
    throw new TwilioRefusal(21910, "Invalid 'From' and 'To' pair. 'From' and 'To' should be of the same channel.")
  }
  if (![phoneNumber, shortCode, channelName].some((form) => form.test(to))) {
    throw new TwilioRefusal(21211, `The 'To' number ${to} is not a valid phone number.`)
  }
}

const isWhatsapp = (address: string) => address.startsWith('whatsapp:')

/** Sooner than that, or later, no message can be scheduled, s. */
const SOONEST_S = 300
const LATEST_S = 35 * 86_400

/** @see https://www.twilio.com/docs/messaging/features/message-scheduling; without a Messaging Service it has no effect */
function sendAtOf({ ScheduleType: type, SendAt: text }: CreateForm, now: number): number | null {
  if (!type && !text) return null
  if (type !== 'fixed') throw new TwilioRefusal(35115, "The ScheduleType is invalid: expected 'fixed'.")
  if (!text) throw new TwilioRefusal(35114, 'SendAt is missing.')
  const at = Date.parse(text)
  if (Number.isNaN(at)) throw new TwilioRefusal(35111, 'SendAt is invalid: expected a time in ISO 8601.')
  const inSeconds = (at - now) / 1_000
  if (inSeconds < SOONEST_S || inSeconds > LATEST_S) {
    throw new TwilioRefusal(35117, 'SendAt must be between 300 seconds and 35 days in the future.')
  }
  return at
}

function isCallbackUrl(url: string): boolean {
  return url.length <= 4000 && /^https?:$/.test(URL.parse(url)?.protocol ?? '')
}
