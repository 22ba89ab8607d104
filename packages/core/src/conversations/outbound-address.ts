import type { LaneRedis } from '@chatlane/lanes'
import { spellingsOf } from '../identity/identity.ts'
import type { RoutesHolder } from '../routing/holder.ts'
import { senderFor, sendersFor } from '../routing/sms-senders.ts'
import type { AddressBook } from './address-book.ts'
import type { Conversation } from './conversation.ts'
import { digestOf } from './digest.ts'
import { type ReplyAddress, replyOf } from './reply-address.ts'

/** As long as the business's keys are remembered: a repeat goes the same way. */
const KEPT_SECONDS = 24 * 3_600

interface Parts {
  redis: LaneRedis
  prefix: string
  routes: RoutesHolder
  addresses: AddressBook
  find(id: string): Promise<Conversation | undefined>
}

/**
 * From whom a message of the business's goes: from the one that is asked for; else from the one that the person is in
 * conversation with, the latest if there are several; else from the first of the routes file. Undefined: there is none.
 */
export async function outboundAddress(
  parts: Parts,
  {
    channel,
    to,
    from,
    key,
  }: { channel: 'sms' | 'whatsapp'; to: string; from?: string | undefined; key?: string | undefined },
): Promise<ReplyAddress | undefined> {
  if (from !== undefined) {
    const ours = senderFor(parts.routes.current, channel, from)
    return ours && withService(parts, { channel, to, ...ours })
  }
  const choose = () => latestOf(parts, channel, to)
  return key === undefined
    ? choose()
    : chosenOnce(
        parts,
        spellingsOf(to).map((spelling) => `${spelling}\n${key}`),
        choose,
      )
}

async function latestOf(parts: Parts, channel: 'sms' | 'whatsapp', to: string): Promise<ReplyAddress | undefined> {
  const { routes, addresses, find } = parts
  const senders = sendersFor(routes.current, channel)
  const all = await Promise.all(senders.map((ours) => withService(parts, { channel, to, ...ours })))
  let [latest, at] = [all[0], 0]
  for (const address of all) {
    const holder = await addresses.look(address)
    const conversation = holder && (await find(holder.id))
    if (conversation && conversation.lastActivityAt > at) [latest, at] = [address, conversation.lastActivityAt]
  }
  return latest
}

/** The routes file need not say to which service a number belongs; the webhooks of its messages do. */
export async function withService(
  { addresses }: Pick<Parts, 'addresses'>,
  address: ReplyAddress,
): Promise<ReplyAddress> {
  if (address.from === undefined || address.service !== undefined) return address
  const { now: service } = await addresses.servicesOf(address.from)
  return service === undefined ? address : { ...address, service, ownLine: true }
}

/**
 * What was chosen first, for a day: when the same comes again, the person may be in another conversation.
 * @param names of the message, one for each spelling of the person's address; earlier versions stored it under the one given
 */
async function chosenOnce(
  { redis, prefix }: Parts,
  names: readonly string[],
  choose: () => Promise<ReplyAddress | undefined>,
): Promise<ReplyAddress | undefined> {
  const keys = names.map((name) => `${prefix}:outbound:${digestOf(name)}`)
  const stored = await Promise.all(keys.map((key) => redis.get(key)))
  const known = replyOf(stored.find((one) => one !== null))
  const chosen = known ? undefined : await choose()
  const [key] = keys
  if (!chosen || key === undefined) return known
  return replyOf(await redis.set(key, JSON.stringify(chosen), 'EX', KEPT_SECONDS, 'NX', 'GET')) ?? chosen
}
