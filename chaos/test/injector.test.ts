import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { Injector } from '../faults/injector.ts'
import { TcpProxy } from '../proxy/tcp-proxy.ts'
import { randomFrom } from '../random.ts'
import type { Cluster } from '../run/cluster.ts'
import { stablePort } from '../run/ports.ts'

/** One worker whose connections to UponAI are real ones; UponAI takes everything and says nothing. */
async function setUp() {
  const far: Socket[] = []
  const server = createServer((socket) => far.push(socket.on('error', () => {}).resume()))
  const port = await stablePort()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await TcpProxy.open(await stablePort(), port)
  const cluster = {
    apis: [],
    workers: [{ proxies: { uponai: proxy } }],
    sandbox: { setFaults: async () => {} },
  } as unknown as Cluster
  const failures: string[] = []
  const injector = new Injector({
    cluster,
    seed: 1,
    random: randomFrom(1),
    faults: [],
    endSomeChat: async () => false,
    onFailure: (what) => failures.push(what),
  })
  onTestFinished(async () => {
    await injector.stop()
    expect(failures).toEqual([])
    proxy.close()
    server.close()
    for (const socket of far) socket.destroy()
  })
  const inject = (fault: string, ms: number) =>
    injector.start([{ fault, at: 0, ms, which: 0, everywhere: true, deaf: false }])
  const use = async () => {
    const socket = connect(proxy.port, '127.0.0.1').on('error', () => {})
    onTestFinished(() => void socket.destroy())
    await once(socket, 'connect')
    await until(() => proxy.connections > 0)
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    return { socket, closed }
  }
  return { injector, inject, proxy, use }
}

const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('half-open counts when something was said into it, not for a connection at rest', async () => {
  const { injector, inject, proxy, use } = await setUp()
  const idle = await use()
  await inject('uponai-half-open', 20)
  await idle.closed
  await injector.stop()
  expect([injector.injected, proxy.hits]).toEqual([0, 0])
})

test.each(['uponai-half-open', 'uponai-slow'])('%s counts when bytes were hit', async (fault) => {
  const { injector, inject, proxy, use } = await setUp()
  const busy = await use()
  await inject(fault, 60_000)
  const talk = setInterval(() => busy.socket.write('x'), 5)
  await until(() => proxy.hits > 0)
  clearInterval(talk)
  await injector.stop()
  expect([...injector.counts]).toEqual([[fault, 1]])
})

test('slow and refused do not count where nobody has a connection', async () => {
  for (const fault of ['uponai-slow', 'uponai-refused']) {
    const { injector, inject } = await setUp()
    await inject(fault, 1)
    // Timers of the same time run in the order in which they were set.
    await new Promise((resolve) => setTimeout(resolve, 20))
    await injector.stop()
    expect(injector.injected).toBe(0)
  }
})

test('refused counts when it broke a connection', async () => {
  const { injector, inject, use } = await setUp()
  const used = await use()
  await inject('uponai-refused', 20)
  await used.closed
  await injector.stop()
  expect([...injector.counts]).toEqual([['uponai-refused', 1]])
})
