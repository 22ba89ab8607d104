import { z } from 'zod'
import type { Profile } from '../../conversations/profile.ts'
import { personsWords } from '../../conversations/voices.ts'

/** Characters of each. */
const MOST_CHARACTERS = 100

/** Nearly every city, state and postcode. */
const PLAIN = /^(?:[\w.,'-][\w .,'-]{0,98})?[\w.,'-]?$/

function plain(text: string): string {
  return personsWords(text.slice(0, 4 * MOST_CHARACTERS).toWellFormed())
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, MOST_CHARACTERS)
    .toWellFormed()
}

/** One line in the person's own words; whatever else it is, the message is read without it. */
const line = z
  .string()
  .transform((text) => (PLAIN.test(text) ? text : plain(text)))
  .optional()
  .catch(undefined)

/**
 * The fields of Twilio's form that tell of the person: where its number is from for SMS in some countries, the name for WhatsApp.
 * @see https://www.twilio.com/docs/messaging/guides/webhook-request#geographic-data-related-parameters
 */
export const profileFields = { ProfileName: line, FromCity: line, FromState: line, FromZip: line, FromCountry: line }

const fields = z.object(profileFields)

/** Undefined when nothing is told. */
export function profileOf(form: z.infer<typeof fields>): Profile | undefined {
  const { ProfileName, FromCity, FromState, FromZip, FromCountry } = form
  const told: Profile = {
    ...(ProfileName && { profile_name: ProfileName }),
    ...(FromCity && { city: FromCity }),
    ...(FromState && { state: FromState }),
    ...(FromZip && { zip: FromZip }),
    ...(FromCountry && { country: FromCountry }),
  }
  return Object.keys(told).length > 0 ? told : undefined
}
