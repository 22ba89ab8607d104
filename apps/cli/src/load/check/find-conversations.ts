import { z } from 'zod'
import type { Api } from '../api.ts'

/** A telephone whose conversation is looked for. */
export interface Line {
  participant: string
  /** Our number: with another one the same person has another conversation. */
  sender: string
}

const page = z.object({
  items: z.array(
    z.object({ conversation_id: z.string(), participant: z.string().nullable(), sender: z.string().optional() }),
  ),
  next: z.string().nullable(),
})

/**
 * Looks through the list of conversations, of which those that were written to last come first.
 * @param most pages of 200 to look through at most
 * @returns conversations' ids by the participants' numbers, of those that were found
 */
export async function findConversations(api: Api, lines: readonly Line[], most: number): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const wanted = new Map(lines.map(({ participant, sender }) => [participant, sender]))
  let query = 'channel=sms&limit=200'
  for (let pages = 0; pages < most && found.size < wanted.size; pages++) {
    const next = await look(api, query, wanted, found)
    // Of those that are not found each is asked for in the end.
    if (typeof next !== 'string') break
    query = `channel=sms&limit=200&cursor=${next}`
  }
  return found
}

/**
 * Asks for one: the list moves while it is looked through, and whoever writes then may be passed over.
 * @returns the id, undefined when there is none, or why it cannot be said
 */
export async function findConversation(
  api: Api,
  { participant, sender }: Line,
): Promise<{ id: string | undefined } | { problem: string }> {
  const found = new Map<string, string>()
  const query = `participant=${encodeURIComponent(participant)}&limit=200`
  const next = await look(api, query, new Map([[participant, sender]]), found)
  return typeof next === 'object' && next !== null ? next : { id: found.get(participant) }
}

/** @returns the cursor of the next page, or why there is no page */
async function look(
  api: Api,
  query: string,
  wanted: ReadonlyMap<string, string>,
  found: Map<string, string>,
): Promise<string | null | { problem: string }> {
  const answer = await api.get(`/v1/conversations?${query}`)
  const read = page.safeParse(answer.body)
  if (answer.status !== 200 || !read.success)
    return { problem: answer.problem ?? `expected a list of conversations, got a ${answer.status}` }
  for (const { conversation_id, participant, sender } of read.data.items) {
    if (participant !== null && sender !== undefined && wanted.get(participant) === sender)
      found.set(participant, conversation_id)
  }
  return read.data.next
}
