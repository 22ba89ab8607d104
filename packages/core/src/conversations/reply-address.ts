import { z } from 'zod'
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
 * What an address's conversation is found by. The senders of a Messaging Service are one to the participant, but for those
 * with a route of their own.
 */
export function nameOf({ channel, service, from, to, ownLine }: ReplyAddress): string {
  return [channel, (ownLine ? from : service) ?? from ?? '', to].join('\n')
}

const LINK = 'link:'

/** The field of a conversation's record that holds a linked address, by its {@link nameOf}: who adds one need not know the others. */
export function linkField(name: string): string {
  return LINK + name
}

/** The linked addresses among the fields of a record. */
export function linksOf(hash: Record<string, string>): ReplyAddress[] {
  return Object.entries(hash).flatMap(([field, value]) =>
    field.startsWith(LINK) ? [replyAddressSchema.parse(JSON.parse(value))] : [],
  )
}
