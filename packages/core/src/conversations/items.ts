import { z } from 'zod'
import { optOutChange } from './opt-outs.ts'
import { profile } from './profile.ts'
import { replyAddressSchema } from './reply-address.ts'

/** What lies in a conversation's lane. */
export const conversationItem = z.discriminatedUnion('kind', [
  /** A message of the participant; its id is its entry in the ledger. */
  z.object({
    kind: z.literal('message'),
    text: z.string(),
    /** The sender's id, of a message that came from an address: it goes along when the address has moved. */
    key: z.string().optional(),
    /** The linked address that it came from; absent: the conversation's own. */
    via: replyAddressSchema.optional(),
    /** Our address that it was sent to, where the participant may write to several; the answer leaves from there. */
    sender: z.string().optional(),
    /** The address that it came from, where the participant may write from several; the answer goes there. */
    participant: z.string().optional(),
    /** What the provider told of the person with it. */
    profile: profile.optional(),
    /** Its address belonged to another conversation within the last day, which may have taken in the same message. */
    contested: z.boolean().optional(),
    /** The conversation and the entry as which it was taken in first, of a message that was handed on. */
    as: z.string().optional(),
  }),
  /** A message that is shown and not for the agent; what it says about what may be sent to the participant holds from then on. */
  z.object({ kind: z.literal('noted'), optOut: optOutChange.optional() }),
  /** Open the chat ahead of the first message, so that its greeting is seen. */
  z.object({
    kind: z.literal('open'),
    /** The greeting is the opening of an outbound conversation: without one it comes to nothing. */
    mustGreet: z.literal(true).optional(),
    /** How long a visitor's conversation is kept, and with it the greeting, while nothing is said. */
    keptSeconds: z.number().optional(),
  }),
  /** The deadline passed: close the chat if it is still inactive. */
  z.object({ kind: z.literal('close') }),
  /** Someone asked for the end. */
  z.object({ kind: z.literal('end') }),
  /** The other side ended this chat. */
  z.object({ kind: z.literal('ended'), chat: z.string() }),
])
export type ConversationItem = z.infer<typeof conversationItem>
export type MessageItem = Omit<Extract<ConversationItem, { kind: 'message' }>, 'kind'>

/** What lies in a conversation's delivery lane; for its id see {@link messageOf}. */
export const deliveryItem = z.object({
  channel: z.enum(['sms', 'whatsapp', 'rcs']).optional(),
  to: z.string(),
  from: z.string().optional(),
  service: z.string().optional(),
  /** Empty when there are files alone. */
  text: z.string(),
  /** Links to the files that go with it, with the first part. */
  media: z.array(z.string()).optional(),
  /** Of a text in several parts the first one to send, from 0: those before it were sent ahead of a replay. */
  part: z.number().optional(),
  /** That part alone is sent once more: how often it was sent before, each time without arriving. */
  again: z.number().optional(),
  /** Not before this time, ms. */
  due: z.number().optional(),
  /** As the route's template, whenever the person wrote. */
  template: z.boolean().optional(),
  /** Tells a person that they have opted out: the one message that goes out afterwards. */
  confirms: z.literal(true).optional(),
})
export type DeliveryItem = z.infer<typeof deliveryItem>

/** The id of a delivery that sends again what failed under the provider's id. */
export function againId(message: string, sid: string): string {
  return `${message}~${sid}`
}

/** The message, an entry in the ledger, that a delivery with this id is of. */
export function messageOf(id: string): string {
  return id.split('~')[0] ?? id
}
