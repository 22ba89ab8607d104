import { PLAIN_TEXT } from '../../text/markdown.ts'
import { type CarriedChannel, TWILIO_MOST_CHARACTERS } from '../channel.ts'
import { countSegments } from './segments.ts'

/** SMS, and MMS with it: the same numbers, the same webhook. Addresses are `+1…`, short codes and names. */
export const sms: CarriedChannel = {
  name: 'sms',
  mostCharacters: TWILIO_MOST_CHARACTERS,
  marks: PLAIN_TEXT,
  mostFiles: 10,
  owns: (address) => /^\+?[\dA-Za-z ]{1,16}$/.test(address),
  read: ({ body }) => body,
  weigh: countSegments,
}
