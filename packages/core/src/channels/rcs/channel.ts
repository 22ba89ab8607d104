import { PLAIN_TEXT } from '../../text/markdown.ts'
import { type CarriedChannel, TWILIO_MOST_CHARACTERS } from '../channel.ts'
import { readWithExtras } from '../twilio/said.ts'

const MARK = 'rcs:'

/** RCS through Twilio: `rcs:+1…` for a person, `rcs:<agent>` for a sender. */
export const rcs: CarriedChannel = {
  name: 'rcs',
  mostCharacters: TWILIO_MOST_CHARACTERS,
  marks: PLAIN_TEXT,
  mostFiles: 1,
  owns: (address) => address.startsWith(MARK),
  read: readWithExtras,
  weigh: () => 1,
}
