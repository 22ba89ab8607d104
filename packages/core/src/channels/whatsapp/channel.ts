import { type CarriedChannel, TWILIO_MOST_CHARACTERS } from '../channel.ts'
import { readWithExtras } from '../twilio/said.ts'

/** WhatsApp through Twilio: `whatsapp:+1…`, or another id of a person's behind the same mark. */
export const whatsapp: CarriedChannel = {
  name: 'whatsapp',
  mostCharacters: TWILIO_MOST_CHARACTERS,
  // https://faq.whatsapp.com/539178204879377
  marks: { strong: '*', emphasis: '_', strike: '~', mono: '```' },
  mostFiles: 1,
  owns: (address) => address.startsWith('whatsapp:'),
  read: readWithExtras,
  weigh: () => 1,
  windowMs: 24 * 3_600_000,
}
