import { wellFormed } from '../text/well-formed.ts'

/** Only an escape brings half of a character, or a NUL, into what was UTF-8. */
const MAY_BE_ILL_FORMED = /\\u(?:d[89a-f]|0000)/i

/**
 * What a request's JSON holds, see {@link parseWellFormed}.
 * @param text within the limits of `jsonExcess`
 * @throws SyntaxError; RangeError for a number that became Infinity, which would be stored as null
 */
export function parseJson(text: string): unknown {
  const value = parseWellFormed(text)
  if (!isRepresentable(value)) throw new RangeError('expected numbers below 1.8e308')
  return value
}

/**
 * What a JSON text from outside holds, in the form in which it is kept, said and sent: every text and name in it
 * {@link wellFormed}, as the texts of messages are. Redis' own reader of JSON refuses others.
 * @throws SyntaxError
 */
export function parseWellFormed(text: string): unknown {
  const value: unknown = JSON.parse(text)
  return MAY_BE_ILL_FORMED.test(text) ? wellFormedIn(value) : value
}

function isRepresentable(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  return typeof value !== 'object' || value === null || Object.values(value).every(isRepresentable)
}

function wellFormedIn(value: unknown): unknown {
  if (typeof value === 'string') return wellFormed(value)
  if (Array.isArray(value)) return value.map(wellFormedIn)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [wellFormed(name), wellFormedIn(one)]))
}
