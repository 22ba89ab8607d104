import { gzipSync } from 'node:zlib'
import { repeatedly } from '../attacker/client.ts'
import type { Row } from '../row.ts'

export const compressedBodies: Row = {
  name: 'bodies that inflate',
  attack: '10 connections send 4 kB that become 4 MB, 10 a second each, to a webhook and to the public API',
  harmless: 'they send 4 kB as they are',
  async prepare({ client }) {
    const headers = { 'content-type': 'application/json' }
    const send = (body: Buffer, more: Record<string, string>) => (signal: AbortSignal) =>
      repeatedly(signal, { atOnce: 10, pauseMs: 100 }, (place) =>
        client.ask(place % 2 === 0 ? '/webhooks/uponai' : '/v1/conversations', {
          body,
          headers: { ...headers, ...more },
          from: '203.0.113.3',
        }),
      )
    return {
      attack: send(gzipSync(Buffer.alloc(4_000_000, ' ')), { 'content-encoding': 'gzip' }),
      harmless: send(Buffer.alloc(4_000, ' '), {}),
    }
  },
}
