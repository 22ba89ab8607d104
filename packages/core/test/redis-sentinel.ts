import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { z } from 'zod'

/** A sentinel that knows one master, and may want a password; speaks just enough of Redis' protocol to be asked for it. */
export async function startSentinel(name: string, master: { host: string; port: number }, password?: string) {
  const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`
  const known = new WeakSet<Socket>()
  const answer = (command: string[], socket: Socket): string => {
    const asked = command.join(' ').toLowerCase()
    if (asked === `auth ${password}`) {
      known.add(socket)
      return '+OK\r\n'
    }
    if (asked.startsWith('hello')) return "-ERR unknown command 'hello'\r\n"
    if (password !== undefined && !known.has(socket)) return '-NOAUTH Authentication required.\r\n'
    if (asked === `sentinel get-master-addr-by-name ${name}`)
      return `*2\r\n${bulk(master.host)}${bulk(`${master.port}`)}`
    if (asked === `sentinel sentinels ${name}`) return '*0\r\n'
    if (asked.startsWith('sentinel')) return '*-1\r\n'
    if (asked.startsWith('subscribe')) return `*3\r\n${bulk('subscribe')}${bulk(command[1] ?? '')}:1\r\n`
    return asked.startsWith('client') ? '+OK\r\n' : `-ERR unknown command '${command[0]}'\r\n`
  }
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', (data) => {
      for (const request of data
        .toString()
        .split(/^\*\d+\r\n/m)
        .slice(1)) {
        const words = request.split('\r\n').filter((word, index) => index % 2 === 1 && word !== '')
        socket.write(answer(words, socket))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = z.object({ port: z.int() }).parse(server.address())
  return { host: '127.0.0.1', port, stop: () => server.close() }
}
