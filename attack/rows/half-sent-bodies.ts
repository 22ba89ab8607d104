import { holding, repeatedly } from '../attacker/client.ts'
import type { Row } from '../row.ts'

const CONNECTIONS = 300

export const halfSentBodies: Row = {
  name: 'half-sent bodies',
  attack: '300 connections that each announce 4 MB for a webhook and send a part',
  harmless: '300 connections that each send a small webhook once a second',
  async prepare({ client }) {
    const part = 'x'.repeat(65_536)
    return {
      attack: (signal) =>
        holding(signal, CONNECTIONS, () => {
          const socket = client.socket()
          socket.write(`POST /webhooks/uponai HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n${part}`)
          return socket.resume()
        }),
      harmless: (signal) =>
        repeatedly(signal, { atOnce: CONNECTIONS, pauseMs: 1_000 }, () =>
          client.ask('/webhooks/uponai', { body: {}, from: '203.0.113.2' }),
        ),
    }
  },
}
