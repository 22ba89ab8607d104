import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawClient {
  socket: Socket
  /** What came back so far. */
  received(): string
  /** Resolves with all that came back, once the other side closed the connection. */
  closed: Promise<string>
}

/** A connection on which exactly these bytes are sent: for requests that no HTTP library makes. */
export async function rawClient(url: string, bytes: string | Buffer): Promise<RawClient> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  const chunks: Buffer[] = []
  const received = () => Buffer.concat(chunks).toString()
  socket.on('data', (chunk) => void chunks.push(chunk))
  // A reset is a way of closing, too.
  socket.on('error', () => {})
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(received())))
  socket.write(bytes)
  return { socket, received, closed }
}
