import { holding } from '../attacker/client.ts'
import type { Row } from '../row.ts'

const CONNECTIONS = 300

export const halfSentBodies: Row = {
  name: 'half-sent bodies',
  attack: '300 connections that each announce 4 MB for a webhook and send a part',
  harmless: '300 connections that each send as much as a whole webhook, over a new connection every time',
  async prepare({ client }) {
    const part = 'x'.repeat(65_536)
    const send = (length: number) => () => {
      const socket = client.socket().resume()
      socket.write(
        `POST /webhooks/uponai HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n${part}`,
      )
      return socket
    }
    return {
      attack: (signal) => holding(signal, CONNECTIONS, send(4_000_000)),
      harmless: (signal) => holding(signal, CONNECTIONS, send(part.length)),
    }
  },
}
