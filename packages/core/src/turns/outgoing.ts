import type { Addition, Effect } from '@chatlane/lanes'
import type { DeliveryItem } from '../conversations/items.ts'
import { ledgerEffect, type Role } from '../conversations/ledger.ts'
import type { TurnContext } from './context.ts'

/** Writes and deliveries that belong to one commit. */
export interface Outgoing {
  effects: Effect[]
  adds: Addition[]
}

/**
 * Texts for the participant, in order: each one an entry in the ledger, and on channels that send, an item of the
 * conversation's delivery lane with the same id.
 * @param before effects that stand before these in the commit
 */
export function outgoing(
  context: TurnContext,
  texts: readonly { role: Role; text: string; answers?: string }[],
  before: readonly Effect[],
): Outgoing {
  const { conversation, prefix, deliveries } = context
  const sends = conversation.channel !== 'web'
  const effects = texts.map((message) =>
    ledgerEffect(prefix, conversation.id, {
      kind: 'message',
      channel: conversation.channel,
      status: sends ? 'queued' : 'delivered',
      ...message,
    }),
  )
  if (!sends) return { effects: [...before, ...effects], adds: [] }
  const adds = texts.map(({ text }, i): Addition => {
    const delivery: DeliveryItem = {
      to: conversation.participant,
      text,
      ...(conversation.sender !== undefined && { from: conversation.sender }),
      ...(conversation.messagingServiceSid !== undefined && { service: conversation.messagingServiceSid }),
    }
    const id = { effect: before.length + i }
    return { lanes: deliveries, lane: conversation.id, id, data: JSON.stringify(delivery) }
  })
  return { effects: [...before, ...effects], adds }
}
