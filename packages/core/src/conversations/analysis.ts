import { z } from 'zod'
import type { Chat } from '../uponai/chat.ts'
import { costView } from '../uponai/chat-view.ts'

/** What UponAI made of a chat that is over. */
export const chatAnalysis = z.object({
  chatId: z.string(),
  /** When the chat began, ms. */
  startedAt: z.number().optional(),
  summary: z.string().optional(),
  /** Documented: Negative, Positive, Neutral, Unknown. */
  userSentiment: z.string().optional(),
  successful: z.boolean().optional(),
  /** By the fields that the agent's settings define. */
  custom: z.record(z.string(), z.unknown()).optional(),
  /** Variables that the agent collected in the chat. */
  collected: z.record(z.string(), z.unknown()).optional(),
  /** What the chat cost, cents. */
  cents: z.number().optional(),
})
export type ChatAnalysis = z.infer<typeof chatAnalysis>

/** Kept of an analysis, in bytes as JSON; of a larger one the fields that the agent defines are left out. */
const MOST_BYTES = 8_192

/** Characters of a summary that is itself too long, at up to 6 bytes each in JSON. */
const MOST_OF_SUMMARY = 1_000

/** Undefined when the chat has not been analysed. */
export function analysisOf({
  chatId,
  startedAt,
  analysis,
  collectedDynamicVariables,
  cost,
}: Chat): ChatAnalysis | undefined {
  if (!analysis) return undefined
  const { summary, userSentiment, successful, custom } = analysis
  const bare: ChatAnalysis = {
    chatId,
    ...(startedAt && { startedAt: startedAt.getTime() }),
    ...(summary !== undefined && { summary }),
    ...(userSentiment !== undefined && { userSentiment: userSentiment.slice(0, 100) }),
    ...(successful !== undefined && { successful }),
    ...centsOf(cost),
  }
  const collected = collectedDynamicVariables && Object.keys(collectedDynamicVariables).length > 0
  const whole = {
    ...bare,
    ...(custom && { custom }),
    ...(collected && { collected: collectedDynamicVariables }),
  }
  if (fits(whole)) return whole
  return fits(bare) ? bare : { ...bare, summary: (summary ?? '').slice(0, MOST_OF_SUMMARY) }
}

function centsOf(cost: Chat['cost']): Pick<ChatAnalysis, 'cents'> {
  const cents = cost && costView(cost).cents
  return typeof cents === 'number' ? { cents } : {}
}

function fits(analysis: ChatAnalysis): boolean {
  return Buffer.byteLength(JSON.stringify(analysis)) <= MOST_BYTES
}

/** An analysis as the API shows it, to servers only: what is said of a participant is not for them. */
export function analysisView(analysis: ChatAnalysis) {
  const { chatId, summary, userSentiment, successful, custom, collected, cents } = analysis
  return {
    chat_id: chatId,
    summary: summary ?? null,
    user_sentiment: userSentiment ?? null,
    successful: successful ?? null,
    ...(custom && { custom }),
    ...(collected && { collected_dynamic_variables: collected }),
    ...(cents !== undefined && { cost_cents: cents }),
  }
}
