import { SPELLED_COUNTRIES } from './countries.ts'

/** Twilio's mark of an RCS address. */
const RCS = 'rcs:'

/** A phone number of a country with several spellings, with or without a channel's mark. */
const SPELLED = new RegExp(
  `^([a-z]+:)?\\+(?:${SPELLED_COUNTRIES.map(({ callingCode }) => callingCode).join('|')})(\\d{7,13})$`,
)

/** Most addresses are told apart by two digits. */
const MAY_BE_SPELLED = new Set(SPELLED_COUNTRIES.map(({ callingCode }) => callingCode.slice(0, 2)))

/**
 * Every address under which the same telephone is known on the same channel, the one of the present numbering plan first.
 * @param address as Twilio writes it: `+1…`, `whatsapp:+1…`, `rcs:+1…`, a short code, a name
 * @returns the address alone, unless its country has several spellings
 */
export function spellingsOf(address: string): readonly [string, ...string[]] {
  const plus = address.indexOf('+') + 1
  if (!MAY_BE_SPELLED.has(address.slice(plus, plus + 2)) || !SPELLED.test(address)) return [address]
  const mark = address.slice(0, plus)
  const digits = address.slice(plus)
  for (const { callingCode, spellings } of SPELLED_COUNTRIES) {
    if (!digits.startsWith(callingCode)) continue
    const [first, ...others] = spellings(digits.slice(callingCode.length)) ?? []
    if (first === undefined) return [address]
    const written = (national: string) => `${mark}${callingCode}${national}`
    return [written(first), ...others.map(written)]
  }
  return [address]
}

/**
 * Whom an address means: the same text for every spelling of it. SMS and RCS reach the same telephone and are one, and since
 * March 2026 an opt-out at Twilio holds for both; WhatsApp is an account of its own.
 */
export function identityOf(address: string): string {
  return identitiesOf(address)[0]
}

/** The identity of an address, see {@link identityOf}, and the texts that other spellings of it were stored under. */
export function identitiesOf(address: string): readonly [string, ...string[]] {
  return spellingsOf(address.startsWith(RCS) ? address.slice(RCS.length) : address)
}

/** The person behind an address, whatever channel they write on. */
export function personOf(address: string): string {
  return identityOf(address).replace(/^[a-z]+:/, '')
}

/** Whether two addresses are the same person's, see {@link identityOf}. */
export function isSameIdentity(one: string, other: string): boolean {
  return identityOf(one) === identityOf(other)
}

/** Whether two addresses are one telephone, or one sender of ours, on the same channel. */
export function isSameAddress(one: string, other: string): boolean {
  return one === other || spellingsOf(one)[0] === spellingsOf(other)[0]
}

/** Whether the same person may write from another address than this one: in another spelling, or by RCS. */
export function hasSpellings(address: string): boolean {
  return spellingsOf(address).length > 1
}
