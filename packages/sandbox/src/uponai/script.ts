import { z } from 'zod'

const itemSchema = z.strictObject({
  /** `agent`, `tool_call_invocation`, `tool_call_result`, `node_transition`, … or a role nobody knows yet. */
  role: z.string().min(1),
  content: z.string().optional(),
  name: z.string().optional(),
  arguments: z.string().optional(),
  tool_call_id: z.string().optional(),
  successful: z.boolean().optional(),
  former_node_name: z.string().optional(),
  new_node_name: z.string().optional(),
  transition_type: z.string().optional(),
  /** Whether the completion returns it. */
  returned: z.boolean().default(true),
  /** Whether it becomes part of the chat's history. */
  stored: z.boolean().default(true),
})

const lineSchema = z.union([
  z.string().transform((content): z.infer<typeof itemSchema> => {
    return { role: 'agent', content, returned: true, stored: true }
  }),
  itemSchema,
])

const scriptRuleSchema = z.strictObject({
  agent: z.string().optional(),
  text: z.string().optional(),
  text_contains: z.string().optional(),
  /** Used for at most this many answers. */
  times: z.int().min(1).optional(),
  /** What create-chat already says; looked up by agent only. */
  greeting: z.array(lineSchema).optional(),
  /** The answer; `{text}` stands for the user's text. Left out: the echo. Empty: no message at all. */
  answer: z.array(lineSchema).optional(),
  /** The agent ends the chat after the answer. */
  end_chat: z.boolean().default(false),
})

/** The body of `POST /_sandbox/script`: replaces the script; the first rule that fits is used. */
export const scriptSchema = z.strictObject({ rules: z.array(scriptRuleSchema).max(10_000).default([]) })

export type ScriptInput = z.input<typeof scriptSchema>
export type ScriptItem = z.infer<typeof itemSchema>
type ScriptRule = z.infer<typeof scriptRuleSchema>

export interface ScriptedAnswer {
  items: ScriptItem[]
  endChat: boolean
}

/** What the agents say. */
export class Script {
  #rules: { rule: ScriptRule; used: number }[] = []

  /** Replaces the script. Throws a ZodError for one that is not valid. */
  set(input: ScriptInput): void {
    this.#rules = scriptSchema.parse(input).rules.map((rule) => ({ rule, used: 0 }))
  }

  view() {
    return { rules: this.#rules.map(({ rule, used }) => ({ ...rule, used })) }
  }

  greetingOf(agentId: string): ScriptItem[] {
    const found = this.#rules.find(({ rule }) => {
      return rule.greeting !== undefined && (rule.agent === undefined || rule.agent === agentId)
    })
    return found?.rule.greeting ?? []
  }

  answerTo(agentId: string, text: string): ScriptedAnswer {
    const found = this.#rules.find((candidate) => answers(candidate, agentId, text))
    if (found !== undefined) found.used += 1
    const answer = found?.rule.answer ?? [{ role: 'agent', content: 'echo: {text}', returned: true, stored: true }]
    return { items: answer.map((item) => filledIn(item, text)), endChat: found?.rule.end_chat ?? false }
  }
}

function answers({ rule, used }: { rule: ScriptRule; used: number }, agentId: string, text: string): boolean {
  if (rule.answer === undefined && !rule.end_chat) return false
  if (rule.times !== undefined && used >= rule.times) return false
  return (
    (rule.agent === undefined || rule.agent === agentId) &&
    (rule.text === undefined || rule.text === text) &&
    (rule.text_contains === undefined || text.includes(rule.text_contains))
  )
}

function filledIn(item: ScriptItem, text: string): ScriptItem {
  return item.content === undefined ? item : { ...item, content: item.content.replaceAll('{text}', () => text) }
}
