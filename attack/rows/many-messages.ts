import { repeatedly } from '../attacker/client.ts'
import { visitors } from '../attacker/conversations.ts'
import type { Row } from '../row.ts'

export const manyMessages: Row = {
  name: 'messages of one visitor',
  attack: 'one visitor with 50 conversations writes 10 messages a second in each',
  harmless: 'the same requests without a text',
  async prepare(given) {
    const all = await visitors(given, 50)
    const write = (body: () => object) => (signal: AbortSignal) =>
      repeatedly(signal, { atOnce: all.length, pauseMs: 100 }, async (place) => {
        const visitor = all[place]
        if (!visitor) return
        await given.client.ask(`${visitor.path}/messages`, {
          body: body(),
          headers: visitor.headers,
          from: '203.0.113.6',
        })
      })
    return { attack: write(() => ({ text: `hello ${given.random.next()}` })), harmless: write(() => ({})) }
  },
}
