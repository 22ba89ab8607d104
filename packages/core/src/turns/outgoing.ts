import type { Addition, Effect } from '@chatlane/lanes'
import { deliveryOf } from '../channels/twilio/delivery-of.ts'
import { ledgerEffect, type Role } from '../conversations/ledger.ts'
import { ledgerBudgetEffects } from '../conversations/ledger-budget.ts'
import { replyAddress } from '../conversations/reply-address.ts'
import { boundAnswer } from './answer-bounds.ts'
import type { TurnContext } from './context.ts'

/** Writes and deliveries that belong to one commit. */
export interface Outgoing {
  effects: Effect[]
  adds: Addition[]
}

interface Text {
  role: Role
  text: string
  answers?: string
  said?: string
}

/**
 * Texts for the participant, in order, to where they wrote last: each one an entry in the ledger, and on channels that send,
 * an item of the conversation's delivery lane with the same id. An agent's are cut where they are too many or too long.
 * @param before effects that stand before these in the commit
 */
export function outgoing(context: TurnContext, given: readonly Text[], before: readonly Effect[]): Outgoing {
  const texts = withinBounds(context, given)
  const { conversation, prefix, deliveries, routes } = context
  const address = replyAddress(conversation)
  const { channel } = address
  const effects = texts.map((message) =>
    ledgerEffect(prefix, conversation.id, {
      kind: 'message',
      channel,
      status: channel === 'web' ? 'delivered' : 'queued',
      ...message,
    }),
  )
  const budget = ledgerBudgetEffects(
    prefix,
    conversation.id,
    conversation.ledgerSize,
    texts.map(({ text }) => text),
  )
  const adds = texts.flatMap((text, i): Addition[] => {
    const delivery = deliveryOf(text, address, routes.current)
    if (!delivery) return []
    const id = { effect: before.length + i }
    return [{ lanes: deliveries, lane: conversation.id, id, data: JSON.stringify(delivery) }]
  })
  return { effects: [...before, ...effects, ...budget], adds }
}

function withinBounds(context: TurnContext, given: readonly Text[]): readonly Text[] {
  if (given[0]?.role !== 'agent') return given
  const { texts, cut } = boundAnswer(given.map(({ text }) => text))
  if (!cut) return given
  context.cut = true
  context.metrics.answerCut()
  return texts.flatMap((text, i) => (given[i] ? [{ ...given[i], text }] : []))
}
