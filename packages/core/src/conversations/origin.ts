import type { AgentVersionRef } from '../routing/routes.ts'

/** What a participant writes on. */
export type Channel = 'web' | 'sms' | 'whatsapp' | 'rcs'

/** What is fixed when a conversation begins. */
export interface Origin {
  channel: Channel
  /** Where the participant writes from: an address on an SMS channel, the conversation's own id on the web. */
  participant: string
  /** Our address on an SMS channel: where the participant writes to. */
  sender?: string
  messagingServiceSid?: string
  /** The sender has a route of its own, apart from the rest of its Messaging Service. */
  ownLine?: boolean
  /** The web route's public key. */
  publicKey?: string
  agentId: string
  /** The agent's version that was asked for; else what its route says. */
  agentVersion?: AgentVersionRef
  /** Whoever began the conversation asked for this agent; else it is its route's choice. */
  agentAsked?: boolean
  metadata?: Record<string, unknown>
  dynamicVariables?: Record<string, string>
  /** Those of the variables that a browser set, by name; the others are the business's. */
  browserVariables?: string[]
}
