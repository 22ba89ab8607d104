/** One entry of a chat's history, the same for both dialects. Nothing in it is sure to be there. */
export interface ChatMessage {
  /** Lower case; unknown roles are kept as they came, and the `rest` dialect may send none at all. */
  role?: 'agent' | 'user' | (string & {}) | undefined
  content?: string | undefined
  id?: string | undefined
  at?: Date | undefined
  name?: string | undefined
  /** Set on a tool call and on its result. */
  toolCallId?: string | undefined
  toolCalls?: unknown[] | undefined
  /** Of a tool call (`rpc`): JSON in a string. */
  arguments?: string | undefined
  /** Of a tool's result: whether it worked. */
  successful?: boolean | undefined
  /** Files of the message. */
  multimedia?: unknown[] | undefined
  /** Of a change of node or state: from where to where. */
  transition?: { type?: string | undefined; from?: string | undefined; to?: string | undefined } | undefined
}

export interface ChatAnalysis {
  summary?: string | undefined
  userSentiment?: string | undefined
  successful?: boolean | undefined
  custom?: Record<string, unknown> | undefined
}

/** UponAI's session, the same for both dialects. */
export interface Chat {
  chatId: string
  agentId?: string | undefined
  /** Documented: `ongoing`, `ended`, `error`; anything else is kept as it came, `unknown` when absent. */
  status: string
  /** Ended or failed, by status or by an end time. */
  over: boolean
  type?: string | undefined
  /** The agent's version. */
  version?: number | undefined
  metadata?: Record<string, unknown> | undefined
  customAttributes?: Record<string, unknown> | undefined
  dynamicVariables?: Record<string, unknown> | undefined
  collectedDynamicVariables?: Record<string, unknown> | undefined
  overrideDynamicVariables?: Record<string, unknown> | undefined
  startedAt?: Date | undefined
  endedAt?: Date | undefined
  transcript?: string | undefined
  messages: ChatMessage[]
  /** False when the answer carried no list of messages: then a text's absence proves nothing. */
  historyIncluded: boolean
  analysis?: ChatAnalysis | undefined
  cost?: Record<string, unknown> | undefined
  /** The chat as UponAI sent it. */
  raw: Record<string, unknown>
}

/**
 * The texts to deliver from a completion's answer, in order: none, one or several. Tool calls and results, transitions,
 * injected texts and unknown roles are left out; an entry without a role counts as the agent's.
 */
export function agentTexts(messages: readonly ChatMessage[]): string[] {
  return messages.flatMap((message) => {
    const { role, content } = message
    const spokenByAgent = role === 'agent' || (role === undefined && !isOfTool(message))
    return spokenByAgent && content !== undefined && content.trim() !== '' ? [content] : []
  })
}

/** A tool call or its result; where no role says so (`rest`), by what only these have. */
export function isOfTool({ toolCallId, toolCalls = [] }: ChatMessage): boolean {
  return toolCallId !== undefined || toolCalls.length > 0
}
