import { repeatedly } from '../attacker/client.ts'
import { ORIGIN, PUBLIC_KEY } from '../attacker/conversations.ts'
import type { Row } from '../row.ts'

const DEPTH = 4_000

export const deepJson: Row = {
  name: 'deep JSON',
  attack: '20 connections send lists in lists, 4,000 deep, with and without a public key',
  harmless: 'they send as much JSON that is flat',
  async prepare({ client, gotThrough }) {
    const deep = '['.repeat(DEPTH) + ']'.repeat(DEPTH)
    const flat = JSON.stringify('x'.repeat(2 * DEPTH))
    const send = (value: string) => (signal: AbortSignal) =>
      repeatedly(signal, { atOnce: 20, pauseMs: 50 }, async (place) => {
        const key = place % 2 === 0 ? `"public_key":"${PUBLIC_KEY}",` : ''
        const { status } = await client.ask('/v1/conversations', {
          body: `{${key}"metadata":{"a":${value}}}`,
          headers: { 'content-type': 'application/json', origin: ORIGIN },
          from: '203.0.113.7',
        })
        if (status === 201 || status === 500) gotThrough(`an answer ${status}`)
      })
    return { attack: send(deep), harmless: send(flat) }
  },
}
