import { request } from 'undici'
import { z } from 'zod'
import { type TrueChat, trueChatSchema } from './control/true-chat.ts'
import type { FaultPlanInput } from './faults/rules.ts'
import { type HistoryEntry, type HistoryKind, historyEntrySchema } from './history/entries.ts'
import { type Settings, settingsSchema } from './settings.ts'
import type { InboundSmsInput, InboundSmsResult } from './twilio/inbound-sms.ts'
import type { ScriptInput } from './uponai/script.ts'

/** The sandbox's control, for programs: every call rejects with the sandbox's own explanation when it is refused. */
export interface SandboxClient {
  /** Entries above `after`, oldest first. */
  history(wanted?: { after?: number; kind?: HistoryKind; limit?: number }): Promise<HistoryEntry[]>
  chats(): Promise<TrueChat[]>
  /** Ends a chat on UponAI's side; false if it was over already. */
  endChat(chatId: string): Promise<boolean>
  /** Replaces the faults. */
  setFaults(plan: FaultPlanInput): Promise<void>
  /** How often each rule was met and injected, in the order of the plan. */
  faultCounts(): Promise<{ matched: number; injected: number }[]>
  clearFaults(): Promise<void>
  setScript(script: ScriptInput): Promise<void>
  settings(change?: Partial<Settings>): Promise<Settings>
  sendSms(sms: InboundSmsInput): Promise<InboundSmsResult>
  reset(): Promise<void>
}

const historySchema = z.object({ items: z.array(historyEntrySchema) })
const chatsSchema = z.object({ items: z.array(trueChatSchema) })
const endedSchema = z.object({ ended: z.boolean() })
const countsSchema = z.object({ rules: z.array(z.object({ matched: z.int(), injected: z.int() })) })
const smsResultSchema = z.object({
  message_sid: z.string(),
  status: z.int().nullable(),
  error: z.string().nullable(),
  duplicate: z.boolean(),
  texted_back: z.string().nullable(),
})
const problemSchema = z.object({ detail: z.string() })

export function sandboxClient(sandboxUrl: string): SandboxClient {
  const call = async (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown> => {
    const response = await request(`${sandboxUrl}/_sandbox${path}`, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await response.body.text()
    const answer: unknown = text === '' ? undefined : JSON.parse(text)
    const problem = problemSchema.safeParse(answer)
    if (response.statusCode >= 400 && problem.success) throw new Error(`The sandbox refused: ${problem.data.detail}`)
    return answer
  }
  return {
    async history({ after = 0, kind, limit } = {}) {
      const query = new URLSearchParams({ after: String(after) })
      if (kind !== undefined) query.set('kind', kind)
      if (limit !== undefined) query.set('limit', String(limit))
      return historySchema.parse(await call('GET', `/history?${query}`)).items
    },
    chats: async () => chatsSchema.parse(await call('GET', '/chats')).items,
    endChat: async (chatId) => endedSchema.parse(await call('POST', `/chats/${chatId}/end`)).ended,
    setFaults: async (plan) => void (await call('POST', '/faults', plan)),
    faultCounts: async () => countsSchema.parse(await call('GET', '/faults')).rules,
    clearFaults: async () => void (await call('DELETE', '/faults')),
    setScript: async (script) => void (await call('POST', '/script', script)),
    settings: async (change) =>
      settingsSchema.parse(
        change === undefined ? await call('GET', '/settings') : await call('POST', '/settings', change),
      ),
    sendSms: async (sms) => smsResultSchema.parse(await call('POST', '/sms', sms)),
    reset: async () => void (await call('POST', '/reset')),
  }
}
