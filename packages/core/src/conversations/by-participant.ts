import { carriedChannelOf } from '../channels/channels.ts'
import type { Routes } from '../routing/routes.ts'
import { allSenders } from '../routing/sms-senders.ts'
import type { AddressBook } from './address-book.ts'
import { isConversationId } from './keys.ts'
import { nameOf, type ReplyAddress } from './reply-address.ts'

/**
 * The conversations that a participant may have: the one that their address has with each of our senders, those of the routes
 * file and those that messages came to, and the ones that the address left within the last day. The cost is that of the number
 * of our senders, however many conversations there are.
 * @param participant an address in any of its spellings; on the web the conversation's own id
 */
export async function conversationsOf(
  { addresses, routes }: { addresses: AddressBook; routes: Routes },
  participant: string,
): Promise<string[]> {
  if (isConversationId(participant)) return [participant]
  const { name: channel } = carriedChannelOf(participant)
  const seen = [...(await addresses.senders())].flatMap(([from, { now, before }]) => [
    { from },
    ...[now, before].flatMap((service) =>
      service === undefined ? [] : [{ service }, { service, from, ownLine: true }],
    ),
  ])
  const lines = [...allSenders(routes), ...seen].map((line): ReplyAddress => ({ ...line, channel, to: participant }))
  const byName = new Map(lines.map((line) => [nameOf(line), line]))
  const holders = await Promise.all([...byName.values()].map((line) => addresses.look(line)))
  const ids = holders.flatMap((holder) => (holder ? [holder.id, ...holder.before.map(([id]) => id)] : []))
  return [...new Set(ids)]
}
