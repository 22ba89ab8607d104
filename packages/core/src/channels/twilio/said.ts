import { z } from 'zod'
import { ourWords, personsWords } from '../../conversations/voices.ts'

/** What a message says besides its attachments. */
export interface Said {
  body: string
  /** The button or the entry of a list that was tapped. */
  chosen?: string | undefined
  location?: { latitude: string; longitude: string; label: string | undefined; address: string | undefined } | undefined
  /** The advertisement that led the person here. */
  referral?: { headline: string | undefined; url: string | undefined } | undefined
}

/** An extra that is not as expected is left out: the message is read without it. */
const extra = z.string().min(1).max(1_000).optional().catch(undefined)
const degrees = z
  .string()
  .regex(/^-?\d{1,3}(\.\d{1,20})?$/)
  .optional()
  .catch(undefined)

/** Those fields of Twilio's form that say it; WhatsApp's and RCS's, but for the body. */
export const saidFields = {
  Body: z.string().default(''),
  ButtonText: extra,
  ListTitle: extra,
  Latitude: degrees,
  Longitude: degrees,
  Label: extra,
  Address: extra,
  ReferralHeadline: extra,
  ReferralSourceUrl: extra,
}

const fields = z.object(saidFields)

export function saidIn(form: z.infer<typeof fields>): Said {
  const { Latitude: latitude, Longitude: longitude, ReferralHeadline: headline, ReferralSourceUrl: url } = form
  const located = latitude !== undefined && longitude !== undefined
  return {
    body: form.Body,
    chosen: form.ButtonText ?? form.ListTitle,
    location: located ? { latitude, longitude, label: form.Label, address: form.Address } : undefined,
    referral: headline !== undefined || url !== undefined ? { headline, url } : undefined,
  }
}

/** The same with nothing in it that could pass for our own words: labels and headlines are other people's, too. */
export function inTheirWords({ body, chosen, location, referral }: Said): Said {
  const plain = (text: string | undefined) => (text === undefined ? undefined : personsWords(text))
  return {
    body: personsWords(body),
    chosen: plain(chosen),
    location: location && { ...location, label: plain(location.label), address: plain(location.address) },
    referral: referral && { headline: plain(referral.headline), url: plain(referral.url) },
  }
}

/**
 * A text for everything that the richer channels bring: what was tapped where there is no text of its own, the location, and
 * where the person comes from.
 */
export function readWithExtras({ body, chosen, location, referral }: Said): string {
  const text = body.trim() === '' ? chosen : body
  const place = location && listed([location.label, location.address, `${location.latitude}, ${location.longitude}`])
  const from = referral && listed([referral.headline, referral.url])
  const parts = [
    text,
    place && ourWords(`The person sent a location: ${place}`),
    from && ourWords(`The person came from an advertisement: ${from}`),
  ]
  return parts.filter((part) => part !== undefined && part !== '').join('\n\n')
}

function listed(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join('; ')
}
