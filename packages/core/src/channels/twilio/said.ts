import { z } from 'zod'
import { ourWords, personsWords } from '../../conversations/voices.ts'
import { formInWords } from './filled-form.ts'

/** What a message says besides its attachments. */
export interface Said {
  body: string
  /** The label of the button or of the list's entry that was tapped. */
  chosen?: string | undefined
  /** Where there is no label: what the sender of the buttons put behind the tapped one. */
  unlabelled?: { of: 'button' | 'list'; id: string } | undefined
  location?:
    | {
        /** Degrees; undefined where they cannot be read. */
        at: { latitude: string; longitude: string } | undefined
        label: string | undefined
        address: string | undefined
      }
    | undefined
  /** The advertisement that led the person here. */
  referral?: { headline: string | undefined; url: string | undefined } | undefined
  /** A form that was filled in, in words. */
  form?: string | undefined
  /** Twilio's word for what kind of message it is: `text`, `image`, `order`, … */
  kind?: string | undefined
  /** It is from Twilio's list of messages, which shows the body alone. */
  listed?: true
}

/** More characters than any channel carries. */
const LONGEST_BODY = 65_536

/** Characters of an extra; what is longer is cut. */
const LONGEST_EXTRA = 1_000

const extra = z
  .string()
  .transform((value) => (value.trim() === '' ? undefined : value.slice(0, LONGEST_EXTRA).toWellFormed()))
  .optional()
  .catch(undefined)

/** With a full stop or, as some senders have it, a comma. */
const degrees = z
  .string()
  .trim()
  .regex(/^[+-]?\d{1,3}([.,]\d{1,20})?$/)
  .transform((value) => value.replace(',', '.').replace('+', ''))
  .optional()
  .catch(undefined)

/** Those fields of Twilio's form that say it; WhatsApp's and RCS's, but for the body. */
export const saidFields = {
  Body: z
    .string()
    .default('')
    .transform((body) => body.slice(0, LONGEST_BODY)),
  MessageType: z
    .string()
    .regex(/^[\w -]{1,40}$/)
    .optional()
    .catch(undefined),
  ButtonText: extra,
  ButtonPayload: extra,
  ListTitle: extra,
  ListId: extra,
  Latitude: z.string().optional().catch(undefined),
  Longitude: z.string().optional().catch(undefined),
  Label: extra,
  Address: extra,
  ReferralHeadline: extra,
  ReferralSourceUrl: extra,
  InteractiveData: z.string().optional().catch(undefined),
}

const fields = z.object(saidFields)

export function saidIn(form: z.infer<typeof fields>): Said {
  const { ReferralHeadline: headline, ReferralSourceUrl: url } = form
  return {
    body: form.Body,
    kind: form.MessageType?.toLowerCase(),
    chosen: form.ButtonText ?? form.ListTitle,
    unlabelled: unlabelledIn(form),
    location: locationIn(form),
    referral: headline !== undefined || url !== undefined ? { headline, url } : undefined,
    form: form.InteractiveData === undefined ? undefined : formInWords(form.InteractiveData),
  }
}

function unlabelledIn({ ButtonText, ListTitle, ButtonPayload, ListId }: z.infer<typeof fields>): Said['unlabelled'] {
  if (ButtonText !== undefined || ListTitle !== undefined) return undefined
  if (ButtonPayload !== undefined) return { of: 'button', id: ButtonPayload }
  return ListId === undefined ? undefined : { of: 'list', id: ListId }
}

function locationIn({ Latitude, Longitude, Label: label, Address: address }: z.infer<typeof fields>): Said['location'] {
  if (!Latitude && !Longitude && label === undefined && address === undefined) return undefined
  const latitude = degrees.parse(Latitude)
  const longitude = degrees.parse(Longitude)
  const at = latitude !== undefined && longitude !== undefined ? { latitude, longitude } : undefined
  return { at, label, address }
}

/** The same with nothing in it that could pass for our own words: labels, forms and headlines are other people's, too. */
export function inTheirWords(said: Said): Said {
  const { body, chosen, unlabelled, location, referral, form } = said
  const plain = (text: string | undefined) => (text === undefined ? undefined : personsWords(text))
  return {
    ...said,
    body: personsWords(body),
    chosen: plain(chosen),
    unlabelled: unlabelled && { ...unlabelled, id: personsWords(unlabelled.id) },
    location: location && { ...location, label: plain(location.label), address: plain(location.address) },
    referral: referral && { headline: plain(referral.headline), url: plain(referral.url) },
    form: plain(form),
  }
}

/** What nobody sees: blanks, format characters, the place of an attachment, fillers. */
const UNSEEN = /^(?:[\s\p{Cc}\p{Cf}\uFFFC\u2800\u3164\u115F\u1160\uFFA0]|[\uFE00-\uFE0F])*$/u

/** Whether there is anything to see in a text. */
export function isBlank(text: string): boolean {
  return UNSEEN.test(text)
}

/**
 * What the person wrote, or tapped instead of writing: their own words, without what is told of the message besides.
 * `tapped`: they chose the words among those that we offered.
 */
export function ownWords({ body, chosen, unlabelled }: Said): { text: string; tapped: boolean } {
  const tapped = chosen ?? unlabelled?.id
  return { text: isBlank(body) ? (tapped ?? '') : body, tapped: tapped !== undefined }
}

/**
 * A text for everything that the richer channels bring: what was tapped where there is no text of its own, the location, a
 * form, and where the person comes from. Empty when there is nothing of that.
 */
export function readWithExtras({ body, chosen, unlabelled, location, referral, form, kind }: Said): string {
  const place =
    location &&
    listed([location.label, location.address, location.at && `${location.at.latitude}, ${location.at.longitude}`])
  const from = referral && listed([referral.headline, referral.url])
  const tap = unlabelled?.of === 'list' ? 'chose from a list' : 'tapped a button'
  const parts = [
    isBlank(body) ? chosen : body,
    isBlank(body) && unlabelled && ourWords(`The person ${tap}: ${unlabelled.id}`),
    place && ourWords(`The person sent a location: ${place}`),
    form && ourWords(`The person filled in a form: ${form}`),
    kind === 'order' && UNSHOWN('an order'),
    from && ourWords(`The person came from an advertisement: ${from}`),
  ]
  return parts.filter((part) => typeof part === 'string' && part !== '').join('\n\n')
}

/** The kinds of messages that are files. */
const FILES = new Set([
  'image',
  'video',
  'audio',
  'voice',
  'document',
  'sticker',
  'file',
  'media',
  'contacts',
  'contact',
])

/** Whether a message without anything to read was a file that did not come along. */
export function isLostFile({ body, kind = '' }: Said): boolean {
  return FILES.has(kind) || body.includes('\uFFFC')
}

/** What a message is called in which there is nothing to read. */
export function unreadable({ body, kind = 'text', location, form, listed }: Said): string {
  if (location) return UNSHOWN('a location')
  if (form !== undefined) return UNSHOWN('a form')
  if (listed && isBlank(body)) return UNSHOWN('something')
  if (kind === 'text') return ourWords('The person sent an empty message.')
  if (kind === 'unknown' || kind === 'unsupported') return UNSHOWN('a message')
  return UNSHOWN(`a message of the kind “${kind}”`)
}

const UNSHOWN = (what: string) => ourWords(`The person sent ${what} that cannot be shown here.`)

function listed(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join('; ')
}
