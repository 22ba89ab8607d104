import { z } from 'zod'
import { carriedChannelOf } from '../channels/channels.ts'
import { identityOf, spellingsOf } from '../identity/identity.ts'
import type { Channel, Origin } from './origin.ts'

/** A way to the participant: on an SMS channel their address and ours; on the web the conversation itself. */
export interface ReplyAddress {
  channel: Channel
  /** The participant's address; on the web the conversation's id. */
  to: string
  /** Our address. */
  from?: string
  /** The Messaging Service that our address belongs to. */
  service?: string
  /** Our address has a route of its own: to the participant it is another line than the rest of its service. */
  ownLine?: boolean
}

type Address = Pick<Origin, 'channel' | 'participant' | 'sender' | 'messagingServiceSid' | 'ownLine'>

export const replyAddressSchema = z
  .object({
    channel: z.enum(['web', 'sms', 'whatsapp', 'rcs']),
    to: z.string(),
    from: z.string().optional(),
    service: z.string().optional(),
    ownLine: z.boolean().optional(),
  })
  .transform(
    ({ channel, to, from, service, ownLine }): ReplyAddress => ({
      channel,
      to,
      ...(from !== undefined && { from }),
      ...(service !== undefined && { service }),
      ...(ownLine && { ownLine }),
    }),
  )

/** Reads the field of a conversation's record that holds the address from which the participant wrote last, if it is linked. */
export function replyOf(field: string | null | undefined): ReplyAddress | undefined {
  return field ? replyAddressSchema.parse(JSON.parse(field)) : undefined
}

/** Where what is said to the participant goes: to where they wrote last, the conversation's own address or a linked one. */
export function replyAddress(conversation: Address & { reply?: ReplyAddress }): ReplyAddress {
  return conversation.reply ?? addressOf(conversation)
}

/** The way back to where a message came from. */
export function addressOf({ channel, participant, sender, messagingServiceSid, ownLine }: Address): ReplyAddress {
  return {
    channel,
    to: participant,
    ...(sender !== undefined && { from: sender }),
    ...(messagingServiceSid !== undefined && { service: messagingServiceSid }),
    ...(ownLine && { ownLine }),
  }
}

/** Where one of a conversation's messages came from. */
export function sourceOf(
  conversation: Address,
  {
    via,
    sender,
    participant,
  }: { via?: ReplyAddress | undefined; sender?: string | undefined; participant?: string | undefined },
): ReplyAddress {
  if (via) return via
  const { channel, to, ...ours } = addressOf(conversation)
  return {
    channel: participant === undefined ? channel : carriedChannelOf(participant).name,
    to: participant ?? to,
    ...ours,
    ...(sender !== undefined && { from: sender }),
  }
}

/** The origin of messages that come this way. */
export function originOf({ channel, to, from, service, ownLine }: ReplyAddress): Omit<Origin, 'agentId'> {
  return {
    channel,
    participant: to,
    ...(from !== undefined && { sender: from }),
    ...(service !== undefined && { messagingServiceSid: service }),
    ...(ownLine && { ownLine }),
  }
}

/**
 * What an address's conversation is found by: the same for every spelling of the address, and for RCS and SMS. The senders of a
 * Messaging Service are one to the participant, but for those with a route of their own.
 */
export function nameOf({ channel, to, ...ours }: ReplyAddress): string {
  const line = lineOf(ours)
  return nameFrom(channel === 'rcs' ? 'sms' : channel, spellingsOf(line)[0], channel === 'web' ? to : identityOf(to))
}

/**
 * The names under which earlier versions stored the same address, which had a name for each spelling and for RCS: a handful at
 * most, and none for an address of one spelling that is not a Messaging Service's.
 */
export function olderNamesOf(address: ReplyAddress): string[] {
  const { channel, to } = address
  if (channel === 'web') return []
  const line = lineOf(address)
  const numbers = spellingsOf(identityOf(to))
  const names = spellingsOf(line).flatMap((sender) => {
    if (channel === 'whatsapp') return numbers.map((number) => nameFrom(channel, sender, number))
    const byRcs = channel === 'rcs' || address.service !== undefined
    return numbers.flatMap((number) => [
      nameFrom('sms', sender, number),
      ...(byRcs ? [nameFrom('rcs', sender, `rcs:${number}`)] : []),
    ])
  })
  return names.filter((name) => name !== nameOf(address))
}

/** Which of ours an address belongs to. */
function lineOf({ service, from = '', ownLine }: Pick<ReplyAddress, 'service' | 'from' | 'ownLine'>): string {
  return (ownLine ? from : service) ?? from
}

function nameFrom(channel: Channel, line: string, to: string): string {
  return [channel, line, to].join('\n')
}

const LINK = 'link:'

/** The field of a conversation's record that holds a linked address, by its {@link nameOf}: who adds one need not know the others. */
export function linkField(name: string): string {
  return LINK + name
}

/** The linked addresses among the fields of a record, each once. */
export function linksOf(hash: Record<string, string>): ReplyAddress[] {
  return [...new Map(linkFieldsOf(hash).map(([, address]) => [nameOf(address), address])).values()]
}

/** The fields of a record that hold a linked address; earlier versions had one for each of its spellings. */
export function linkFieldsOf(hash: Record<string, string>): (readonly [field: string, address: ReplyAddress])[] {
  return Object.entries(hash)
    .filter(([field]) => field.startsWith(LINK))
    .map(([field, value]) => [field, replyAddressSchema.parse(JSON.parse(value))] as const)
}
