import { repeatedly } from '../attacker/client.ts'
import { fill, visitors } from '../attacker/conversations.ts'
import type { Row } from '../row.ts'

export const fullConversation: Row = {
  name: 'reads of a full conversation',
  attack: '20 connections read one message each of a conversation of 60 texts of 8,000 emoji',
  harmless: 'they read the only message of a short conversation',
  async prepare(given) {
    const [full, short] = await visitors(given, 2)
    if (!full || !short) throw new Error('expected two conversations')
    await fill(
      given,
      full,
      Array.from({ length: 60 }, () => '🦆'.repeat(4_000)),
    )
    await fill(given, short, ['hello'])
    const read = (visitor: typeof full) => (signal: AbortSignal) =>
      repeatedly(signal, { atOnce: 20, pauseMs: 100 }, () =>
        given.client.ask(`${visitor.path}/messages?limit=1`, { headers: visitor.headers, from: '203.0.113.1' }),
      )
    return { attack: read(full), harmless: read(short) }
  },
}
