import { z } from 'zod'
import { isConversationId } from '../conversations/keys.ts'
import type { Chat, ChatMessage } from './chat.ts'

/** A chat as people and programs get to see it, the same over both dialects. What UponAI does not tell is null. */
export function chatView(chat: Chat) {
  const { startedAt, endedAt, metadata, analysis } = chat
  const conversation = metadata?.conversation_id
  return {
    chat_id: chat.chatId,
    /** Ours, as create-chat was told. */
    conversation_id: typeof conversation === 'string' && isConversationId(conversation) ? conversation : null,
    agent_id: chat.agentId ?? null,
    agent_version: chat.version ?? null,
    /** `ongoing`, `ended`, `error`; a word that UponAI does not document is kept as it came. */
    status: statusOf(chat),
    over: chat.over,
    type: chat.type ?? null,
    started_at: startedAt?.toISOString() ?? null,
    ended_at: endedAt?.toISOString() ?? null,
    metadata: metadata ?? null,
    custom_attributes: chat.customAttributes ?? null,
    dynamic_variables: chat.dynamicVariables ?? null,
    override_dynamic_variables: chat.overrideDynamicVariables ?? null,
    collected_dynamic_variables: chat.collectedDynamicVariables ?? null,
    analysis: analysis
      ? {
          summary: analysis.summary ?? null,
          user_sentiment: analysis.userSentiment ?? null,
          successful: analysis.successful ?? null,
          custom: analysis.custom ?? null,
        }
      : null,
    cost: chat.cost ? costView(chat.cost) : null,
  }
}

/** With what was said; lists leave that out in one dialect, so ours do in both. */
export function fullChatView(chat: Chat) {
  return {
    ...chatView(chat),
    transcript: chat.transcript ?? null,
    /** Null: UponAI shows no history of it. */
    messages: chat.historyIncluded ? chat.messages.map(messageView) : null,
  }
}

/** The documented words in lower case; of a chat without one, what its end time says. */
export function statusOf({ status, over }: Chat): string {
  const known = status.toLowerCase()
  if (known === 'ongoing' || known === 'ended' || known === 'error') return known
  return status === 'unknown' && over ? 'ended' : status
}

function messageView(message: ChatMessage) {
  const { toolCallId, toolCalls, arguments: input, name, successful, multimedia, transition } = message
  return {
    id: message.id ?? null,
    /** Null where `rest` says none. */
    role: message.role ?? null,
    text: message.content ?? null,
    at: message.at?.toISOString() ?? null,
    ...(name !== undefined && { name }),
    ...(toolCallId !== undefined && { tool_call_id: toolCallId }),
    ...(input !== undefined && { arguments: input }),
    ...(toolCalls !== undefined && { tool_calls: toolCalls }),
    ...(successful !== undefined && { successful }),
    ...(multimedia !== undefined && { multimedia }),
    ...(transition && {
      transition: { type: transition.type ?? null, from: transition.from ?? null, to: transition.to ?? null },
    }),
  }
}

const products = z.array(z.looseObject({ product: z.string(), cost: z.number() }))

/** Cents, as Retell documents them; the inner fields in `rest` are not documented and read alike. */
export function costView(cost: Record<string, unknown>) {
  const total = cost.combined_cost ?? cost.combinedCost
  const parts = products.safeParse(cost.product_costs ?? cost.productCosts)
  return {
    cents: typeof total === 'number' ? total : null,
    products: (parts.data ?? []).map(({ product, cost }) => ({ product, cents: cost })),
  }
}
