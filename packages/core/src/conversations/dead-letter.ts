import type { DeadLetter } from '@chatlane/lanes'
import { z } from 'zod'
import { messageOf } from './items.ts'
import { isConversationId } from './keys.ts'
import type { LedgerItem } from './ledger.ts'

/** Which lanes a dead letter comes from: the conversations' own, those of outgoing messages, or of webhooks. */
export type LaneSetName = 'turns' | 'deliveries' | 'webhooks'

/** An item of a conversation that was given up. */
export interface ConversationDeadLetter {
  /** Opaque; fit for a URL. */
  id: string
  conversationId: string
  /** The entry in the ledger, for a message of either side. */
  messageId?: string
  /** What was to be done: `message`, `open`, `close`, `end`, `delivery`, `webhook`; of a newer version perhaps something else. */
  kind: string
  /** A message's text. */
  text?: string
  /** Where a delivery was to go. */
  to?: string
  /** Of what a webhook was to tell. */
  event?: string
  /** A short stable code. */
  reason: string
  /** What went wrong last, in words. */
  detail: string
  /** Tries that were spent. */
  tries: number
  /** The tries that failed, oldest first; of many the last ones. */
  history: { at: Date; detail: string }[]
  /** It may have taken effect: done again, a text may be said or sent a second time. */
  mayRepeat: boolean
  at: Date
}

/** With what surrounds it. */
export interface DeadLetterInContext extends ConversationDeadLetter {
  /** The last messages of its conversation, oldest first. */
  messages: LedgerItem[]
}

/** What the burial of a delivery leaves with it. */
const deliveryNote = z.object({
  /** The message's status. */
  status: z.enum(['failed', 'unknown']),
  /** The first part that was not sent for certain, from 0. */
  part: z.number(),
})
export type DeliveryNote = z.infer<typeof deliveryNote>

/** Undefined where nobody left one. */
export function readDeliveryNote({ note }: DeadLetter): DeliveryNote | undefined {
  return note === undefined ? undefined : deliveryNote.safeParse(parseJson(note)).data
}

/** Reasons that say: the text is in UponAI's chat, or may be. */
const PERHAPS_SAID = new Set(['no_answer', 'outcome_unknown'])

/** Only what is shown; an item of a newer version is shown as far as it is understood. */
const item = z.object({
  kind: z.string().catch('unknown'),
  text: z.string().optional().catch(undefined),
  to: z.string().optional().catch(undefined),
  type: z.string().optional().catch(undefined),
})

export function present(set: LaneSetName, letter: DeadLetter): ConversationDeadLetter {
  const { lane, id, data, reason, detail, tries, history, at } = letter
  const { kind, text, to, type } = item.safeParse(parseJson(data)).data ?? { kind: 'unknown' }
  const delivery = set === 'deliveries'
  const webhook = set === 'webhooks'
  const ofMessage = delivery || kind === 'message'
  return {
    id: Buffer.from(`${PREFIX[set]}${lane}/${id}`).toString('base64url'),
    conversationId: lane,
    kind: KIND[set] ?? kind,
    ...(ofMessage && { messageId: messageOf(id) }),
    ...(text !== undefined && { text }),
    ...(delivery && to !== undefined && { to }),
    ...(webhook && type !== undefined && { event: type }),
    reason,
    detail,
    tries,
    history: history.map((one) => ({ ...one, at: new Date(one.at) })),
    // A receiver of webhooks knows a repeat by its id.
    mayRepeat: delivery ? readDeliveryNote(letter)?.status !== 'failed' : PERHAPS_SAID.has(reason),
    at: new Date(at),
  }
}

/** What {@link present} made the id from; undefined for any other text. */
export function placeOf(id: string): { set: LaneSetName; lane: string; item: string } | undefined {
  const [, prefix, lane, item] = /^([dw]\/)?([^/]+)\/(.+)$/s.exec(Buffer.from(id, 'base64url').toString()) ?? []
  if (lane === undefined || item === undefined || !isConversationId(lane)) return undefined
  const set = prefix === undefined ? 'turns' : prefix === PREFIX.webhooks ? 'webhooks' : 'deliveries'
  return { set, lane, item }
}

/** No conversation's id is `d` or `w`. */
const PREFIX = { turns: '', deliveries: 'd/', webhooks: 'w/' } as const

/** What was to be done, where its lanes say so. */
const KIND = { turns: undefined, deliveries: 'delivery', webhooks: 'webhook' } as const

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
