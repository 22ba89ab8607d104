import { repeatedly } from '../attacker/client.ts'
import type { Row } from '../row.ts'

export const readiness: Row = {
  name: 'readiness from outside',
  attack: '20 connections ask for /readyz, 20 times a second each',
  harmless: 'they ask for /healthz',
  async prepare({ client, gotThrough }) {
    const look = (path: string) => (signal: AbortSignal) =>
      repeatedly(signal, { atOnce: 20, pauseMs: 50 }, async () => {
        const { text } = await client.ask(path, { from: '203.0.113.11' })
        if (/redis|maxmemory|policy|version/i.test(text)) gotThrough('what the service is made of')
      })
    return { attack: look('/readyz'), harmless: look('/healthz') }
  },
}
