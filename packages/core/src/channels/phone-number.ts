import { parsePhoneNumberFromString } from 'libphonenumber-js/max'

/**
 * A phone number in E.164 form, `+` and digits only.
 * @param text a number with its country code, as people write it: spaces, brackets and dashes are left out
 * @returns undefined for a number that no country gives out, and for anything else
 */
export function phoneNumber(text: string): string | undefined {
  if (!text.startsWith('+')) return undefined
  const number = parsePhoneNumberFromString(text, { extract: false })
  return number?.isValid() && number.ext === undefined ? number.number : undefined
}
