import type { Recipient } from '../channels/outbound-recipient.ts'
import type { RoutesHolder } from '../routing/holder.ts'
import { isTwilioAddress } from '../routing/schema.ts'
import { senderFor, sendersFor } from '../routing/sms-senders.ts'
import type { Services } from './address-book.ts'
import { type Pair, pairOf } from './opt-outs.ts'

/**
 * Whose messages a person wants no more, when somebody records it for them.
 * @param from one of our senders or Messaging Services, also one that is in the routes file no more; absent: all of the routes
 *   file that write to people on that channel
 * @returns each pair once, none when the routes file has no such sender; undefined when `from` is neither an address nor a service
 */
export async function optOutPairs(
  { routes, servicesOf }: { routes: RoutesHolder; servicesOf(sender: string): Promise<Services> },
  { channel, to }: Recipient,
  from: string | undefined,
): Promise<Pair[] | undefined> {
  if (from !== undefined && !isTwilioAddress(from) && !/^MG[0-9a-fA-F]{32}$/.test(from)) return undefined
  const known = from === undefined ? undefined : senderFor(routes.current, channel, from)
  const ours = from === undefined ? sendersFor(routes.current, channel) : [known ?? { service: from }]
  const pairs = ours.map(async ({ from, service }) => {
    // The number may be in a service of which the routes file does not know: its opt-outs are the service's.
    const { now } = from === undefined || service !== undefined ? {} : await servicesOf(from)
    return pairOf({ to, from, service: service ?? now })
  })
  return [...new Map((await Promise.all(pairs)).map((pair) => [pair.sender, pair])).values()]
}
