import { z } from 'zod'

/** How much visitors may do who have no API key. */
export interface WebLimits {
  /** Conversations that are begun with the route's public key, by all visitors together. */
  conversationsPerMinute: number
  addressConversationsPerMinute: number
  addressConversationsPerDay: number
  conversationMessagesPerDay: number
  addressMessagesPerMinute: number
  addressMessagesPerDay: number
}

/** Far more than people do, also where many share an address. */
export const DEFAULT_WEB_LIMITS: WebLimits = {
  conversationsPerMinute: 600,
  addressConversationsPerMinute: 20,
  addressConversationsPerDay: 500,
  conversationMessagesPerDay: 1_000,
  addressMessagesPerMinute: 120,
  addressMessagesPerDay: 2_000,
}

const count = z
  .int({ error: 'expected a whole number from 1 to 1000000' })
  .min(1, { error: 'expected a whole number from 1 to 1000000' })
  .max(1_000_000, { error: 'expected a whole number from 1 to 1000000' })
  .optional()

/** `limits` of a web route in the routes file. */
export const webLimits = z.strictObject({
  conversations_per_minute: count,
  address_conversations_per_minute: count,
  address_conversations_per_day: count,
  conversation_messages_per_day: count,
  address_messages_per_minute: count,
  address_messages_per_day: count,
})

/** The limits of a conversation's visitors: its route's, as they are now. */
export function webLimitsOf(
  routes: { webRoute(publicKey: string): { limits: WebLimits } | undefined },
  { publicKey }: { publicKey?: string },
): WebLimits {
  const route = publicKey === undefined ? undefined : routes.webRoute(publicKey)
  return route?.limits ?? DEFAULT_WEB_LIMITS
}

export function webLimitsFrom(entry: z.infer<typeof webLimits> = {}): WebLimits {
  const usual = DEFAULT_WEB_LIMITS
  return {
    conversationsPerMinute: entry.conversations_per_minute ?? usual.conversationsPerMinute,
    addressConversationsPerMinute: entry.address_conversations_per_minute ?? usual.addressConversationsPerMinute,
    addressConversationsPerDay: entry.address_conversations_per_day ?? usual.addressConversationsPerDay,
    conversationMessagesPerDay: entry.conversation_messages_per_day ?? usual.conversationMessagesPerDay,
    addressMessagesPerMinute: entry.address_messages_per_minute ?? usual.addressMessagesPerMinute,
    addressMessagesPerDay: entry.address_messages_per_day ?? usual.addressMessagesPerDay,
  }
}
