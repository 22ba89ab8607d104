import { z } from 'zod'
import type { Api } from '../api.ts'
import type { LedgerItem } from './evidence.ts'

const page = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      role: z.enum(['user', 'agent', 'system']),
      text: z.string(),
      status: z.string(),
      reason: z.string().optional(),
      at: z.iso.datetime().transform((at) => Date.parse(at)),
    }),
  ),
  next: z.string().nullable(),
})

/** All messages of a conversation, oldest first, or why they cannot be read. */
export async function readConversation(api: Api, id: string): Promise<LedgerItem[] | string> {
  const items: LedgerItem[] = []
  for (let after: string | null = '0'; after !== null; ) {
    const answer = await api.get(`/v1/conversations/${id}/messages?after=${after}&limit=1000`)
    const read = page.safeParse(answer.body)
    if (answer.status !== 200 || !read.success)
      return answer.problem ?? `expected a page of messages, got a ${answer.status}`
    items.push(...read.data.items)
    after = read.data.next
  }
  return items
}
