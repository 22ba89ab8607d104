import { z } from 'zod'
import type { Profile } from '../../conversations/profile.ts'
import { personsWords } from '../../conversations/voices.ts'

/** Characters of each. */
const MOST_CHARACTERS = 100

/** Nearly every city, state and postcode. */
const PLAIN = /^(?:[\w.,'-][\w .,'-]{0,98})?[\w.,'-]?$/

/** One line in the person's own words. */
function lineOf(text: string | undefined): string | undefined {
  if (text === undefined || PLAIN.test(text)) return text
  return personsWords(text.slice(0, 4 * MOST_CHARACTERS).toWellFormed())
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, MOST_CHARACTERS)
    .toWellFormed()
}

/** Whatever else it is, the message is read without it. */
const field = z.string().optional().catch(undefined)

/**
 * The fields of Twilio's form that tell of the person: where its number is from for SMS in some countries, the name for WhatsApp.
 * @see https://www.twilio.com/docs/messaging/guides/webhook-request#geographic-data-related-parameters
 */
export const profileFields = {
  ProfileName: field,
  FromCity: field,
  FromState: field,
  FromZip: field,
  FromCountry: field,
}

const fields = z.object(profileFields)

/** Undefined when nothing is told. */
export function profileOf(form: z.infer<typeof fields>): Profile | undefined {
  const name = lineOf(form.ProfileName)
  const city = lineOf(form.FromCity)
  const state = lineOf(form.FromState)
  const zip = lineOf(form.FromZip)
  const country = lineOf(form.FromCountry)
  const told: Profile = {
    ...(name && { profile_name: name }),
    ...(city && { city }),
    ...(state && { state }),
    ...(zip && { zip }),
    ...(country && { country }),
  }
  return Object.keys(told).length > 0 ? told : undefined
}
