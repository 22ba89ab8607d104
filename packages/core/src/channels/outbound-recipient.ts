import { numberTypes, phoneNumber, plainNumber } from './phone-number.ts'

/** Kinds of numbers that take no text messages, where a country keeps them apart from mobile ones. */
const NO_TEXTS = new Set(['FIXED_LINE', 'PREMIUM_RATE', 'SHARED_COST', 'UAN', 'VOICEMAIL', 'PAGER'])

/** A person whom we write to first. */
export interface Recipient {
  channel: 'sms' | 'whatsapp'
  /** `+1…`, `whatsapp:+1…` */
  to: string
}

/** The marks before a number, in whatever case: WhatsApp's, and those of links to a telephone. */
const MARKED = /^(?:(whatsapp|tel|sms):)?(.*)$/is

/**
 * The person whom a text means: a number with its country code, as people write it, `whatsapp:` before it for WhatsApp.
 * @returns undefined when that is no number
 */
export function personAt(text: string): Recipient | undefined {
  const [, mark = '', rest = ''] = MARKED.exec(plainNumber(text)) ?? []
  const number = phoneNumber(rest)
  if (number === undefined) return undefined
  return mark.toLowerCase() === 'whatsapp'
    ? { channel: 'whatsapp', to: `whatsapp:${number}` }
    : { channel: 'sms', to: number }
}

/**
 * Whom we can write to at an address, see {@link personAt}.
 * @returns with `problem`, why nobody can be reached there
 */
export function outboundRecipient(text: string): Recipient | { problem: string } {
  const person = personAt(text)
  if (!person) return { problem: EXPECTED }
  const { channel, to: number } = person
  if (channel === 'whatsapp') return person
  // Where one spelling is a landline's and the other a mobile number's, nobody can tell the two apart.
  if (numberTypes(number).every((type) => type !== undefined && NO_TEXTS.has(type)))
    return { problem: 'expected a mobile number: this one takes no text messages' }
  return person
}

const EXPECTED = 'expected a number that exists, with its country code, such as +14155550123 or whatsapp:+14155550123'
