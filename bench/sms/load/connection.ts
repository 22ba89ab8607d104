import { once } from 'node:events'
import { connect } from 'node:net'
import { endOfMessage } from '../http-text.ts'

/** A connection that is kept, with one request on its way at most. */
export interface Connection {
  /** Resolves with the answer's status. */
  request(bytes: Buffer): Promise<number>
  close(): void
}

export async function openConnection(url: string): Promise<Connection> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  await once(socket, 'connect')
  socket.setEncoding('latin1')
  let read = ''
  let waiting: { resolve: (status: number) => void; reject: (error: Error) => void } | undefined
  socket.on('data', (chunk: string) => {
    read += chunk
    const end = endOfMessage(read)
    if (end === undefined) return
    const status = Number(/^HTTP\/1\.1 (\d+)/.exec(read)?.[1])
    read = read.slice(end)
    waiting?.resolve(status)
  })
  socket.on('error', (error) => waiting?.reject(error))
  socket.on('close', () => waiting?.reject(new Error('the connection was closed')))
  return {
    request: (bytes) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        socket.write(bytes)
      }),
    close: () => socket.destroy(),
  }
}
