import { z } from 'zod'
import type { Given } from '../row.ts'

export const PUBLIC_KEY = 'pk_attacked'
export const ORIGIN = 'https://www.example.com'

const opened = z.object({ conversation_id: z.string(), token: z.string() })

export interface Visitor {
  path: string
  id: string
  headers: { authorization: string }
}

/** Begins conversations in a visitor's place, past the limits on how many a stranger may begin. */
export function visitors({ client, apiKey }: Pick<Given, 'client' | 'apiKey'>, count: number): Promise<Visitor[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const answer = await client.ask('/v1/conversations', {
        body: { public_key: PUBLIC_KEY },
        headers: { authorization: `Bearer ${apiKey}` },
      })
      if (answer.status !== 201) throw new Error(`expected 201 for a conversation, got ${answer.status}`)
      const { conversation_id: id, token } = opened.parse(JSON.parse(answer.text))
      return { id, path: `/v1/conversations/${id}`, headers: { authorization: `Bearer ${token}` } }
    }),
  )
}

/** Puts texts into a conversation one after the other, past the limits on strangers. */
export async function fill(
  { client, apiKey }: Pick<Given, 'client' | 'apiKey'>,
  { path }: Visitor,
  texts: readonly string[],
): Promise<void> {
  for (const text of texts) {
    await client.ask(`${path}/messages`, { body: { text }, headers: { authorization: `Bearer ${apiKey}` } })
  }
}
