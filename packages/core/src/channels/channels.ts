import type { Channel } from '../conversations/origin.ts'
import type { CarriedChannel, ChannelDefinition } from './channel.ts'
import { rcs } from './rcs/channel.ts'
import { sms } from './sms/channel.ts'
import { web } from './web/channel.ts'
import { whatsapp } from './whatsapp/channel.ts'

/** The channels that there are, each in a folder of its own. */
export const CHANNELS = { web, sms, whatsapp, rcs } as const satisfies Record<Channel, ChannelDefinition>

/** The channels that Twilio carries. SMS is the last: its addresses, short codes and names among them, have no mark. */
const CARRIED: readonly CarriedChannel[] = [whatsapp, rcs, sms]

/** The channel of one of Twilio's addresses: `+1…`, `whatsapp:+1…`, `rcs:…`. */
export function carriedChannelOf(address: string): CarriedChannel {
  return CARRIED.find((channel) => channel.owns(address)) ?? sms
}
