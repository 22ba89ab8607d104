import type { Request, RequestHandler, Response } from 'express'
import type { z } from 'zod'
import { type Answer, type Delay, Exchange } from '../exchange.ts'
import type { UponaiEntry, UponaiOperation } from '../history/entries.ts'
import type { Chat } from './chats.ts'
import { Refusal, type RefusalReason } from './refusal.ts'
import type { Upstream } from './upstream.ts'

export interface Dialect {
  name: 'rest' | 'rpc'
  statusOf: Record<RefusalReason, number>
  errorBody(message: string): unknown
}

/** What a parsed request may hold; each operation needs its own part of it. */
interface ParsedInput {
  workspaceId?: number
  chatId?: string
  agentId?: string
  content?: string
  metadata?: Record<string, unknown> | undefined
  limit?: number
  /** An agent's. */
  fields?: Record<string, unknown>
}

/** One documented call: checked, written into the history, disturbed if a fault says so, answered in its dialect. */
export function endpoint<I extends ParsedInput>(
  upstream: Upstream,
  dialect: Dialect,
  operation: UponaiOperation,
  schema: z.ZodType<I>,
  work: (input: I, delay: Delay) => Promise<Answer & { chatId?: string }>,
): RequestHandler {
  return async (req, res) => {
    const entry = openEntry(upstream, operation, dialect.name)
    const exchange = new Exchange(entry, res)
    const refuse = (error: Refusal) => exchange.answer(answerOf(dialect, error))
    if (req.get('authorization') !== `Bearer ${upstream.apiKey}`) {
      return refuse(new Refusal('credentials', 'Invalid or missing API key'))
    }
    const parsed = schema.safeParse({ params: req.params, query: req.query, body: req.body ?? {} })
    if (!parsed.success) return refuse(new Refusal('invalid', problemsOf(parsed.error)))
    const input = parsed.data
    const chat = input.chatId === undefined ? undefined : upstream.chats.get(input.chatId)
    entry.chat_id = input.chatId ?? null
    entry.agent_id = input.agentId ?? chat?.agentId ?? null
    entry.content = input.content ?? null
    entry.metadata = input.metadata ?? null
    if (input.workspaceId !== undefined && input.workspaceId !== upstream.workspaceId) {
      return refuse(new Refusal('forbidden', `workspaceId: no access to workspace ${input.workspaceId}`))
    }
    if (operation === 'completion' && chat !== undefined) countInFlight(chat, exchange)
    const facts = { target: 'uponai' as const, operation, agent: entry.agent_id ?? undefined, chat: chat?.id }
    const form = {
      faultBody: (status: number, message = `Injected fault: ${status}`) => dialect.errorBody(message),
      endChat: () => chat !== undefined && upstream.chats.end(chat, 'sandbox'),
    }
    await exchange.run({ ...facts, text: input.content }, upstream, form, async (delay) => {
      try {
        const answer = await work(input, delay)
        entry.chat_id ??= answer.chatId ?? null
        return answer
      } catch (error) {
        if (error instanceof Refusal) return answerOf(dialect, error)
        throw error
      }
    })
  }
}

/** Whatever came to no known path, or with a body nobody can read. */
export function refuseUnknown(upstream: Upstream, req: Request, res: Response, status: number, message: string): void {
  const entry = openEntry(upstream, 'unknown', null)
  entry.path = `${req.method} ${req.path}`
  new Exchange(entry, res).answer({ status, body: { status: 'error', message } })
}

function openEntry(upstream: Upstream, operation: UponaiEntry['operation'], dialect: Dialect['name'] | null) {
  const entry: UponaiEntry = {
    kind: 'uponai',
    ...upstream.history.begin(),
    operation,
    dialect,
    chat_id: null,
    agent_id: null,
    content: null,
    metadata: null,
    effect: false,
    fault: null,
    delay_ms: 0,
  }
  upstream.history.add(entry)
  return entry
}

function countInFlight(chat: Chat, exchange: Exchange): void {
  chat.inFlight += 1
  chat.maxInFlight = Math.max(chat.maxInFlight, chat.inFlight)
  exchange.onSettled(() => {
    chat.inFlight -= 1
  })
}

function answerOf(dialect: Dialect, refusal: Refusal): Answer {
  return { status: dialect.statusOf[refusal.reason], body: dialect.errorBody(refusal.message) }
}

function problemsOf(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.slice(1).join('.') || path.join('.')}: ${message}`).join('; ')
}
