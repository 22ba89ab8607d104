import { numberTypes, phoneNumber } from './phone-number.ts'

/** Kinds of numbers that take no text messages, where a country keeps them apart from mobile ones. */
const NO_TEXTS = new Set(['FIXED_LINE', 'PREMIUM_RATE', 'SHARED_COST', 'UAN', 'VOICEMAIL', 'PAGER'])

/** A person whom we write to first. */
export interface Recipient {
  channel: 'sms' | 'whatsapp'
  /** `+1…`, `whatsapp:+1…` */
  to: string
}

/**
 * Whom a text means: a number with its country code, as people write it, `whatsapp:` before it for WhatsApp.
 * @returns with `problem`, why nobody can be reached there
 */
export function outboundRecipient(text: string): Recipient | { problem: string } {
  const [, mark, rest = ''] = /^(whatsapp:)?(.*)$/s.exec(text.trim()) ?? []
  const number = phoneNumber(rest.trim())
  if (number === undefined) return { problem: EXPECTED }
  if (mark !== undefined) return { channel: 'whatsapp', to: `whatsapp:${number}` }
  // Where one spelling is a landline's and the other a mobile number's, nobody can tell the two apart.
  if (numberTypes(number).every((type) => type !== undefined && NO_TEXTS.has(type)))
    return { problem: 'expected a mobile number: this one takes no text messages' }
  return { channel: 'sms', to: number }
}

const EXPECTED = 'expected a number that exists, with its country code, such as +14155550123 or whatsapp:+14155550123'
