import { z } from 'zod'
import { repeatedly } from '../attacker/client.ts'
import { ORIGIN, PUBLIC_KEY } from '../attacker/conversations.ts'
import type { Row } from '../row.ts'

const opened = z.object({ conversation_id: z.string(), token: z.string() })

export const impersonation: Row = {
  name: "the business's voice",
  attack:
    'a visitor sets variables and metadata, reads what the server set, and takes the key of a message of the server',
  harmless: 'as many requests for what there is not',
  async prepare({ client, apiKey, gotThrough }) {
    const server = { authorization: `Bearer ${apiKey}` }
    const made = await client.ask('/v1/conversations', {
      body: {
        public_key: PUBLIC_KEY,
        metadata: { note: 'of the server' },
        dynamic_variables: { tier: 'of the server' },
      },
      headers: server,
    })
    const { conversation_id: id, token } = opened.parse(JSON.parse(made.text))
    const path = `/v1/conversations/${id}`
    const visitor = { authorization: `Bearer ${token}` }
    let n = 0
    const begin = async (fields: object) => {
      const { status } = await client.ask('/v1/conversations', {
        body: { public_key: PUBLIC_KEY, ...fields },
        headers: { origin: ORIGIN },
        from: '203.0.113.13',
      })
      if (status === 201) gotThrough(`a browser set ${Object.keys(fields)[0]}`)
    }
    const tries = [
      () => begin({ dynamic_variables: { is_vip: 'true' } }),
      () => begin({ metadata: { verified: true } }),
      async () => {
        const { text } = await client.ask(path, { headers: visitor, from: '203.0.113.13' })
        if (text.includes('of the server')) gotThrough('a token read what the server set')
      },
      async () => {
        const key = `key-${n++}`
        const write = (headers: Record<string, string>, text: string) =>
          client.ask(`${path}/messages`, { body: { text, client_message_id: key }, headers, from: '203.0.113.13' })
        await write(visitor, 'mine')
        if ((await write(server, 'of the server')).status === 409) gotThrough("a visitor took the server's key")
      },
    ]
    return {
      attack: (signal) =>
        repeatedly(signal, { atOnce: tries.length, pauseMs: 1_000 }, (place) => tries[place]?.() ?? Promise.resolve()),
      harmless: (signal) =>
        repeatedly(signal, { atOnce: tries.length, pauseMs: 1_000 }, () =>
          client.ask('/nothing', { from: '203.0.113.13' }),
        ),
    }
  },
}
