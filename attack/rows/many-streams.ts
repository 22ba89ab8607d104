import { holding, repeatedly } from '../attacker/client.ts'
import { visitors } from '../attacker/conversations.ts'
import type { Row } from '../row.ts'

const STREAMS = 400

export const manyStreams: Row = {
  name: 'event streams of one token',
  attack: '400 connections follow one conversation, in which somebody writes every second',
  harmless: '400 connections that ask for /healthz every second, and the writing',
  async prepare(given) {
    const [visitor] = await visitors(given, 1)
    if (!visitor) throw new Error('expected a conversation')
    const { client } = given
    const write = (signal: AbortSignal) =>
      repeatedly(signal, { atOnce: 1, pauseMs: 1_000 }, () =>
        client.ask(`${visitor.path}/messages`, {
          body: { text: `hello ${given.random.next()}` },
          headers: visitor.headers,
          from: '203.0.113.9',
        }),
      )
    const follow = () => {
      const { authorization } = visitor.headers
      const socket = client.socket().resume()
      socket.write(
        `GET ${visitor.path}/events HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n`,
      )
      return socket
    }
    const look = (signal: AbortSignal) =>
      repeatedly(signal, { atOnce: STREAMS, pauseMs: 1_000 }, () => client.ask('/healthz', { from: '203.0.113.9' }))
    return {
      attack: async (signal) => void (await Promise.all([holding(signal, STREAMS, follow), write(signal)])),
      harmless: async (signal) => void (await Promise.all([look(signal), write(signal)])),
    }
  },
}
