import { z } from 'zod'

/** What lies in a conversation's lane. */
export const conversationItem = z.discriminatedUnion('kind', [
  /** A message of the participant; its id is its entry in the ledger. */
  z.object({ kind: z.literal('message'), text: z.string() }),
  /** Open the chat ahead of the first message, so that its greeting is seen. */
  z.object({ kind: z.literal('open') }),
  /** The deadline passed: close the chat if it is still inactive. */
  z.object({ kind: z.literal('close') }),
  /** Someone asked for the end. */
  z.object({ kind: z.literal('end') }),
])
export type ConversationItem = z.infer<typeof conversationItem>

/** What lies in a conversation's delivery lane; its id is the message's entry in the ledger. */
export const deliveryItem = z.object({
  to: z.string(),
  from: z.string().optional(),
  service: z.string().optional(),
  text: z.string(),
  /** Of a text in several parts the first one to send, from 0: those before it were sent ahead of a replay. */
  part: z.number().optional(),
})
export type DeliveryItem = z.infer<typeof deliveryItem>
