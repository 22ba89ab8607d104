import { holding } from '../attacker/client.ts'
import type { Row } from '../row.ts'

const CONNECTIONS = 1_200
const NETWORKS = 50

export const halfSentForms: Row = {
  name: 'half-sent forms of many networks',
  attack:
    '1,200 connections of 50 networks that each announce a form of Twilio’s, with a signature of the right form, and send a part',
  harmless: '1,200 connections that each send a whole form, over a new connection every time',
  async prepare({ client }) {
    const form = `Body=${'x'.repeat(995)}`
    const send = (length: number) => (place: number) => {
      const socket = client.socket().resume()
      const head = [
        'POST /webhooks/twilio/messages HTTP/1.1',
        'Host: x',
        'Connection: close',
        `X-Forwarded-For: 2001:db8:77:${(place % NETWORKS).toString(16)}::1`,
        `X-Twilio-Signature: ${'a'.repeat(27)}=`,
        'Content-Type: application/x-www-form-urlencoded',
        `Content-Length: ${length}`,
      ]
      socket.write(`${head.join('\r\n')}\r\n\r\n${form}`)
      return socket
    }
    return {
      attack: (signal) => holding(signal, CONNECTIONS, send(50_000)),
      harmless: (signal) => holding(signal, CONNECTIONS, send(form.length)),
    }
  },
}
