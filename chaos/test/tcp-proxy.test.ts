import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { Front } from '../proxy/front.ts'
import { TcpProxy } from '../proxy/tcp-proxy.ts'
import { stablePort } from '../run/ports.ts'

/** A server that sends back what it gets, and tells of its connections. */
async function echo(name = '') {
  const sockets: Socket[] = []
  let heard = ''
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (data) => {
      heard += data
      socket.write(`${name}${data}`)
    })
  })
  const port = await stablePort()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { port, sockets, heard: () => heard, close: () => server.close() }
}

async function proxyTo(port: number): Promise<TcpProxy> {
  const proxy = await TcpProxy.open(await stablePort(), port)
  onTestFinished(() => proxy.close())
  return proxy
}

async function client(port: number) {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let heard = ''
  socket.on('data', (data) => {
    heard += data
  })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => {})
  await once(socket, 'connect')
  return { socket, heard: () => heard, closed }
}

const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('passes on both ways, also a lot', async () => {
  const far = await echo()
  const near = await client((await proxyTo(far.port)).port)
  const text = 'x'.repeat(5_000_000)
  near.socket.write(text)
  await until(() => near.heard().length === text.length)
})

test('a side that closes closes the other', async () => {
  const far = await echo()
  const proxy = await proxyTo(far.port)
  const first = await client(proxy.port)
  await until(() => far.sockets.length === 1)
  const gone = once(far.sockets[0] as Socket, 'close')
  first.socket.destroy()
  await gone
  const second = await client(proxy.port)
  await until(() => far.sockets.length === 2)
  far.sockets[1]?.destroy()
  await second.closed
  await until(() => proxy.connections === 0)
})

test('cut: every connection ends, new ones work', async () => {
  const far = await echo()
  const proxy = await proxyTo(far.port)
  const both = [await client(proxy.port), await client(proxy.port)]
  await until(() => far.sockets.length === 2)
  proxy.cut()
  await Promise.all(both.map(({ closed }) => closed))
  const again = await client(proxy.port)
  again.socket.write('hello')
  await until(() => again.heard() === 'hello')
})

test('half-open: what is sent goes nowhere and nobody is told, until the connection is reset; new ones work', async () => {
  const far = await echo()
  const proxy = await proxyTo(far.port)
  const near = await client(proxy.port)
  near.socket.write('one ')
  await until(() => near.heard() === 'one ')
  const mend = proxy.halfOpen(false)
  near.socket.write('two ')
  far.sockets[0]?.write('three ')
  const other = await client(proxy.port)
  other.socket.write('four ')
  await until(() => other.heard() === 'four ')
  expect(near.socket.destroyed).toBe(false)
  mend()
  await near.closed
  expect([near.heard(), far.heard()]).toEqual(['one ', 'one four '])
  other.socket.write('five')
  await until(() => other.heard() === 'four five')
})

test('half-open and deaf: new connections are no better, and are reset with the others', async () => {
  const far = await echo()
  const proxy = await proxyTo(far.port)
  const mend = proxy.halfOpen(true)
  const near = await client(proxy.port)
  near.socket.write('hello')
  await until(() => far.sockets.length === 1)
  mend()
  await near.closed
  expect(far.heard()).toBe('')
})

test('slow: in order, however long each piece is held back', async () => {
  const far = await echo()
  const proxy = await proxyTo(far.port)
  const near = await client(proxy.port)
  const holds = [60, 5, 30, 1]
  const mend = proxy.slow(() => holds.shift() ?? 1)
  for (const piece of ['a', 'b', 'c', 'd']) {
    near.socket.write(piece)
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
  await until(() => near.heard().length === 4)
  mend()
  near.socket.write('e')
  await until(() => near.heard() === 'abcde')
})

test('slow: what is held back when the sender leaves never arrives', async () => {
  const far = await echo()
  const proxy = await proxyTo(far.port)
  const near = await client(proxy.port)
  near.socket.write('first ')
  await until(() => near.heard() === 'first ')
  proxy.slow(() => 150)
  near.socket.write('second')
  // Behind this the proxy has the bytes: they took the way that this connection takes as well.
  const other = await client(proxy.port)
  other.socket.write('third')
  await until(() => proxy.connections === 2)
  near.socket.destroy()
  await until(() => far.heard().endsWith('third'))
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(far.heard()).toBe('first third')
})

test('refused: no connection, until it is mended', async () => {
  const far = await echo()
  const proxy = await proxyTo(far.port)
  const mend = proxy.refuse()
  await expect(client(proxy.port)).rejects.toThrow('ECONNREFUSED')
  await mend()
  const near = await client(proxy.port)
  near.socket.write('hello')
  await until(() => near.heard() === 'hello')
})

test('the front gives connections to each api in turn, and passes over those that are down', async () => {
  const [one, two] = [await echo('1'), await echo('2')]
  const port = await stablePort()
  const front = await Front.open(port, [one.port, two.port])
  onTestFinished(() => front.close())
  const answers: string[] = []
  const ask = async () => {
    const near = await client(port)
    near.socket.write('?')
    await until(() => near.heard() !== '')
    answers.push(near.heard())
  }
  for (let n = 0; n < 4; n++) await ask()
  expect(answers.sort()).toEqual(['1?', '1?', '2?', '2?'])
  one.close()
  for (const socket of one.sockets) socket.destroy()
  for (let n = 0; n < 3; n++) await ask()
  expect(answers.slice(4)).toEqual(['2?', '2?', '2?'])
  two.close()
  const near = await client(port)
  await near.closed
})
