import { type NumberType, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { spellingsOf } from '../identity/identity.ts'

/**
 * A phone number in E.164 form, `+` and digits only.
 * @param text a number with its country code, as people write it or copy it from elsewhere: spaces, brackets, dashes, marks
 *   that nobody sees and the width of its digits do not matter
 * @returns undefined for a number that no country gives out, and for anything else
 */
export function phoneNumber(text: string): string | undefined {
  const plain = plainNumber(text)
  if (!plain.startsWith('+')) return undefined
  const parsed = parsePhoneNumberFromString(plain, { extract: false })
  if (!parsed || parsed.ext !== undefined) return undefined
  const { number } = parsed
  return numberTypes(number).length > 0 ? number : undefined
}

/** An address without what nobody sees in it: address books put direction marks around numbers. */
export function plainNumber(text: string): string {
  return text
    .replace(/[\p{Cf}\p{Cc}]/gu, '')
    .normalize('NFKC')
    .trim()
}

/**
 * What kinds of number it is in its spellings that a numbering plan knows; a kind is undefined where the plan does not say.
 * @param number in E.164 form
 */
export function numberTypes(number: string): (NumberType | undefined)[] {
  const spellings = spellingsOf(number).map((spelling) => parsePhoneNumberFromString(spelling))
  return spellings.filter((one) => one?.isValid()).map((one) => one?.getType())
}

/** The country of a number, or of the number in an address such as `whatsapp:+1…`: `US`; undefined where there is none. */
export function countryOf(address: string): string | undefined {
  return parsePhoneNumberFromString(address.slice(address.indexOf('+')), { extract: false })?.country
}
