import { z } from 'zod'
import type { Chat } from '../uponai/chat.ts'

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
})
export type ChatAnalysis = z.infer<typeof chatAnalysis>

/** Kept of an analysis, in bytes as JSON; of a larger one the fields that the agent defines are left out. */
const MOST_BYTES = 8_192

/** Characters of a summary that is itself too long, at up to 6 bytes each in JSON. */
const MOST_OF_SUMMARY = 1_000

/** Undefined when the chat has not been analysed. */
export function analysisOf({ chatId, startedAt, analysis }: Chat): ChatAnalysis | undefined {
  if (!analysis) return undefined
  const { summary, userSentiment, successful, custom } = analysis
  const bare: ChatAnalysis = {
    chatId,
    ...(startedAt && { startedAt: startedAt.getTime() }),
    ...(summary !== undefined && { summary }),
    ...(userSentiment !== undefined && { userSentiment: userSentiment.slice(0, 100) }),
    ...(successful !== undefined && { successful }),
  }
  const whole = { ...bare, ...(custom && { custom }) }
  if (fits(whole)) return whole
  return fits(bare) ? bare : { ...bare, summary: (summary ?? '').slice(0, MOST_OF_SUMMARY) }
}

function fits(analysis: ChatAnalysis): boolean {
  return Buffer.byteLength(JSON.stringify(analysis)) <= MOST_BYTES
}

/** An analysis as the API shows it, to servers only: what is said of a participant is not for them. */
export function analysisView({ chatId, summary, userSentiment, successful, custom }: ChatAnalysis) {
  return {
    chat_id: chatId,
    summary: summary ?? null,
    user_sentiment: userSentiment ?? null,
    successful: successful ?? null,
    ...(custom && { custom }),
  }
}
