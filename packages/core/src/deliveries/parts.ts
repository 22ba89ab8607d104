import { carriedChannelOf } from '../channels/channels.ts'
import { splitText } from '../channels/twilio/split.ts'
import type { DeliveryItem } from '../conversations/items.ts'

/** The texts of the messages in which a delivery goes out, in order; at least one, which is empty when there are files alone. */
export function partsOf({ to, text }: Pick<DeliveryItem, 'to' | 'text'>): string[] {
  return splitText(text, carriedChannelOf(to).mostCharacters)
}
