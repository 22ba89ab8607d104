import { sandboxClient } from '@chatlane/sandbox'
import { holding, repeatedly } from '../attacker/client.ts'
import type { Row } from '../row.ts'
import { fileLink } from '../run/file-link.ts'
import { DESCRIBES_FILES } from '../run/routes.ts'

const READERS = 60

export const stalledReaders: Row = {
  name: 'readers that read nothing',
  attack: '60 connections ask for a file of 10 MB and take nothing of the answer',
  harmless: '60 connections, of which two read it to its end and the others a small file, once a second each',
  async prepare(given) {
    const sandbox = sandboxClient(given.sandboxUrl)
    const link = (bytes: number) =>
      fileLink(given, sandbox, { from: `+1415555${given.random.whole(2_000, 2_999)}`, to: DESCRIBES_FILES, bytes })
    const large = await link(10_000_000)
    const small = await link(1_000)
    return {
      attack: (signal) =>
        holding(signal, READERS, (place) => {
          const socket = given.client.socket().pause()
          socket.write(`GET ${large} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.115.${place}\r\n\r\n`)
          return socket
        }),
      harmless: (signal) =>
        repeatedly(signal, { atOnce: READERS, pauseMs: 1_000 }, (place) =>
          given.client.ask(place < 2 ? large : small, { from: `203.0.115.${place}` }),
        ),
    }
  },
}
