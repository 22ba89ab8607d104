import { setTimeout as passed } from 'node:timers/promises'
import type { SandboxClient } from '@chatlane/sandbox'
import { z } from 'zod'
import type { Client } from '../attacker/client.ts'

const found = z.object({ items: z.array(z.object({ conversation_id: z.string() })).min(1) })
const messages = z.object({ items: z.array(z.object({ media: z.array(z.object({ url: z.string() })).optional() })) })

/** Sends a file by MMS; gives the path of the link that came of it. */
export async function fileLink(
  { client, apiKey }: { client: Client; apiKey: string },
  sandbox: SandboxClient,
  { from, to, bytes }: { from: string; to: string; bytes: number },
): Promise<string> {
  const headers = { authorization: `Bearer ${apiKey}` }
  await sandbox.sendSms({ from, to, body: '', media: [{ content_type: 'image/png', bytes }] })
  for (let tries = 0; tries < 100; tries++) {
    const list = await client.ask(`/v1/conversations?participant=${encodeURIComponent(from)}&limit=1`, { headers })
    const conversation = list.status === 200 ? found.safeParse(JSON.parse(list.text)) : undefined
    const id = conversation?.data?.items[0]?.conversation_id
    if (id !== undefined) {
      const { text } = await client.ask(`/v1/conversations/${id}/messages`, { headers })
      const url = messages.parse(JSON.parse(text)).items.flatMap(({ media }) => media ?? [])[0]?.url
      if (url !== undefined) return new URL(url).pathname
    }
    await passed(100)
  }
  throw new Error('expected a link to a file')
}
