import { plainNumber } from '../phone-number.ts'

/** Nearly every address. */
const PLAIN = /^(?:[a-z]+:)?\+?\w+$/

/** A plus sign that was not encoded arrives as a space. */
const LOST_PLUS = /^([a-z]+:)? (?=\d)/i

const MARK = /^[a-z]+:/i

/**
 * An address of one of Twilio's forms in the spelling in which addresses are compared: without what nobody sees in it, with its
 * plus sign and with its channel's mark in lower case. What was passed on by something in between may have another one.
 */
export function addressIn(text: string): string {
  if (PLAIN.test(text)) return text
  return plainNumber(text.replace(LOST_PLUS, '$1+')).replace(MARK, (mark) => mark.toLowerCase())
}
