import type { Addition, Effect, Lanes } from '@chatlane/lanes'
import type { DeliveryItem } from './items.ts'
import { ledgerEffect } from './ledger.ts'
import type { LedgerMedia } from './ledger-media.ts'
import type { OptOutChange } from './opt-outs.ts'
import type { Origin } from './origin.ts'
import type { Profile } from './profile.ts'

/** A participant's message as it comes in. */
export interface IncomingMessage {
  /** What the agent reads. */
  text: string
  /** The sender's id for the message, if there is one: a repeat is known by it. */
  key?: string
  /** What tells it from another message with the same key; absent: its text. */
  print?: string
  /** What the provider told of the person with it. */
  profile?: Profile
  /** The files that came with it. */
  media?: LedgerMedia[]
  /** What the participant is told at once, by us and not by the agent; beside an opt-out, that it holds. */
  reply?: string
  /** Why it is not for the agent: it is shown, and gets no answer. */
  dropped?: string
  /** What it says about what may be sent to the participant. It holds before the message counts as taken in. */
  optOut?: OptOutChange
}

/**
 * What is told at once goes into the ledger and the delivery lane in the very step that takes the message in: once, however
 * often the message is brought.
 * @param place the number of the effect among those of the step
 */
export function tellAtOnce(
  { deliveries, prefix, id, place }: { deliveries: Lanes; prefix: string; id: string; place: number },
  { channel, participant, sender, messagingServiceSid }: Omit<Origin, 'agentId'>,
  { text, confirms }: { text: string; confirms: boolean },
): { effect: Effect; add: Addition } {
  const delivery: DeliveryItem = {
    to: participant,
    text,
    ...(sender !== undefined && { from: sender }),
    ...(messagingServiceSid !== undefined && { service: messagingServiceSid }),
    ...(confirms && { confirms }),
  }
  return {
    effect: ledgerEffect(prefix, id, { kind: 'message', role: 'system', text, channel, status: 'queued' }),
    add: { lanes: deliveries, lane: id, id: { effect: place }, data: JSON.stringify(delivery) },
  }
}
