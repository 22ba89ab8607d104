import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as passed } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  freshPrefix,
  lossyProxy,
  spawnProgram,
  startRedisServer,
  type TestProcess,
  testRedisEnvironment,
  testRedisUrl,
} from '@chatlane/dev'
import { sandboxCredentials } from '@chatlane/sandbox'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { type Stage, stage } from './stage.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

const started: TestProcess[] = []
afterEach(() => {
  for (const worker of started.splice(0)) worker.process.kill('SIGKILL')
})

function start(env: Record<string, string> = {}): TestProcess {
  const worker = spawnProgram(main, {
    ...testRedisEnvironment(env),
    REDIS_PREFIX: freshPrefix(),
    UPONAI_API_KEY: sandboxCredentials.uponaiApiKey,
    UPONAI_WORKSPACE_ID: String(sandboxCredentials.uponaiWorkspaceId),
    UPONAI_BASE_URL: 'http://127.0.0.1:1',
    WORKER_PORT: '0',
    ...env,
  })
  started.push(worker)
  return worker
}

const isReady = (worker: TestProcess) => worker.line(({ msg }) => msg === 'worker ready')

async function readiness(worker: TestProcess) {
  const { port } = z.looseObject({ port: z.number() }).parse(await isReady(worker))
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`)
  return [answer.status, z.looseObject({ problem: z.string().optional() }).parse(await answer.json()).problem]
}

/** A Redis of the test's own, and a way to it that can be broken. */
async function ownRedis() {
  const redis = await startRedisServer()
  const proxy = await lossyProxy(redis.url)
  onTestFinished(async () => {
    await proxy.close()
    await redis.stop()
  })
  return { redis, proxy }
}

async function inCompletion({ sandbox }: Stage): Promise<void> {
  const asked = async () => JSON.stringify(await sandbox.history({ kind: 'uponai' }))
  await expect.poll(asked).toContain('"completion"')
}

/** A way to a Redis on which a connection that sends some word stands still from then on, until it is released. */
async function withholding(targetUrl: string, word: string) {
  const target = new URL(targetUrl)
  const sockets = new Set<Socket>()
  const held: (() => void)[] = []
  let released = false
  const server = createServer((client) => {
    const inner = connect(Number(target.port || 6379), target.hostname)
    const chunks: Buffer[] = []
    for (const socket of [client, inner]) {
      sockets.add(socket.on('error', () => {}))
      socket.on('close', () => {
        client.destroy()
        inner.destroy()
      })
    }
    inner.pipe(client)
    client.on('data', (chunk: Buffer) => {
      if (released || (chunks.length === 0 && !chunk.includes(word))) inner.write(chunk)
      else if (chunks.push(chunk) === 1) held.push(() => inner.write(Buffer.concat(chunks)))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address')
  const url = new URL(target)
  url.host = `127.0.0.1:${address.port}`
  return {
    url: url.href,
    release() {
      released = true
      for (const goOn of held) goOn()
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

const faults = ['killed', 'frozen', 'behind a network that swallows everything'] as const
type Break = (fault: (typeof faults)[number]) => Promise<void>
const breaking =
  ({ redis, proxy }: Awaited<ReturnType<typeof ownRedis>>): Break =>
  async (fault) => {
    if (fault === 'killed') await redis.kill()
    else if (fault === 'frozen') await redis.freeze()
    else proxy.swallow()
  }

describe('told to stop, it ends with 0', () => {
  test('when idle', async () => {
    const worker = start()
    await isReady(worker)
    worker.process.kill('SIGTERM')
    expect(await worker.exit).toBe(0)
    expect(worker.log.at(-1)).toMatchObject({ msg: 'stopped' })
  })

  test.each(faults)('with Redis %s', async (fault) => {
    const own = await ownRedis()
    const worker = start({ REDIS_URL: own.proxy.url })
    await isReady(worker)
    await breaking(own)(fault)
    worker.process.kill('SIGTERM')
    expect(await worker.exit).toBe(0)
    // It got to the end by itself, before the limit.
    expect(worker.log.at(-1)).toMatchObject({ msg: 'stopped' })
  })

  test.each(faults)(
    'with Redis %s and a turn in hand, which another worker ends',
    async (fault) => {
      const own = await ownRedis()
      const s = await stage({ workers: 0, env: { REDIS_URL: own.redis.url } })
      onTestFinished(() => s.stop())
      const completion = { target: 'uponai', operation: 'completion', fault: { kind: 'hang', when: 'before' } } as const
      await s.sandbox.setFaults({ rules: [completion] })
      const worker = start({ ...s.environment, REDIS_URL: own.proxy.url, LOG_LEVEL: 'info' })
      await isReady(worker)
      const conversation = await s.web('pk_quiet')
      await s.say(conversation, 'hello')
      await inCompletion(s)
      await breaking(own)(fault)
      worker.process.kill('SIGTERM')
      expect(await worker.exit).toBe(0)
      expect(worker.log.at(-1)).toMatchObject({ msg: 'stopped' })
      await s.sandbox.clearFaults()
      if (fault === 'killed') await own.redis.start()
      if (fault === 'frozen') await own.redis.thaw()
      await s.workerProcess()
      const items = await s.settled(conversation, (all) => all.length === 2)
      expect(items.map(({ text, status }) => [text, status])).toEqual([
        ['hello', 'answered'],
        ['echo: hello', 'delivered'],
      ])
    },
    120_000,
  )

  test('before all of it is ready, with a turn in hand', async () => {
    const s = await stage({ workers: 0, env: { REDIS_URL: testRedisUrl() } })
    onTestFinished(() => s.stop())
    const slow = {
      target: 'uponai',
      operation: 'completion',
      fault: { kind: 'latency', distribution: 'fixed', ms: 1_500 },
    } as const
    await s.sandbox.setFaults({ rules: [slow] })
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'hello')
    // BullMQ names its connections by the queue, in base64: that of the deliveries' lanes comes late.
    const late = await withholding(testRedisUrl(), Buffer.from('deliveries').toString('base64'))
    onTestFinished(late.close)
    const worker = start({ ...s.environment, REDIS_URL: late.url, LOG_LEVEL: 'info' })
    await inCompletion(s)
    expect(worker.log.some(({ msg }) => msg === 'worker ready')).toBe(false)
    worker.process.kill('SIGTERM')
    await worker.line(({ msg }) => msg === 'stopping')
    late.release()
    expect(await worker.exit).toBe(0)
    expect(worker.log.at(-1)).toMatchObject({ msg: 'stopped' })
    expect((await s.conversations.messages(conversation.id, '0', 10)).items).toMatchObject([
      { status: 'answered' },
      { text: 'echo: hello' },
    ])
  })

  test('before Redis was ever there', async () => {
    const worker = start({ REDIS_URL: 'redis://127.0.0.1:1' })
    await worker.line(({ event }) => event === 'redis_away')
    worker.process.kill('SIGTERM')
    expect(await worker.exit).toBe(0)
    expect(worker.log.at(-1)).toMatchObject({ msg: 'stopped' })
  })
})

test('a second signal ends it at once', async () => {
  const s = await stage({ workers: 0 })
  onTestFinished(() => s.stop())
  const completion = { target: 'uponai', operation: 'completion', fault: { kind: 'hang', when: 'before' } } as const
  await s.sandbox.setFaults({ rules: [completion] })
  const worker = start({
    ...s.environment,
    UPONAI_TIMEOUT_MS: '60000',
    UPONAI_COMPLETION_TIMEOUT_MS: '60000',
    LOG_LEVEL: 'info',
  })
  await isReady(worker)
  await s.say(await s.web('pk_quiet'), 'hello')
  await inCompletion(s)
  worker.process.kill('SIGTERM')
  await passed(1_200)
  worker.process.kill('SIGTERM')
  expect(await worker.exit).toBe(1)
  expect(worker.log.some(({ msg }) => msg === 'stopped')).toBe(false)
})

test.each(['is there at the start', 'comes later'])(
  'it refuses a Redis that deletes messages, which %s',
  async (when) => {
    const redis = await startRedisServer({ maxmemory: '1gb', 'maxmemory-policy': 'volatile-ttl' })
    onTestFinished(() => redis.stop())
    if (when === 'comes later') await redis.kill()
    const worker = start({ REDIS_URL: redis.url })
    if (when === 'comes later') {
      await worker.line(({ event }) => event === 'redis_away')
      await redis.start()
    }
    expect(await worker.exit).toBe(78)
    expect(worker.stderr).toEqual([
      'REDIS_URL: expected maxmemory-policy noeviction, found maxmemory-policy volatile-ttl with maxmemory 1.00G; see docs/configuration.md#redis_url',
    ])
    expect(worker.log.some(({ msg }) => msg === 'worker ready')).toBe(false)
  },
)

test('it is not ready while Redis is frozen, goes on by itself, and warns of one without an append-only file', async () => {
  const redis = await startRedisServer({ appendonly: 'no' })
  onTestFinished(() => redis.stop())
  const worker = start({ REDIS_URL: redis.url })
  await worker.line(({ msg }) => /no append-only file/.test(String(msg)))
  expect(await readiness(worker)).toEqual([200, undefined])
  await redis.freeze()
  await expect.poll(() => readiness(worker)).toEqual([503, 'Redis does not answer'])
  await redis.thaw()
  await expect.poll(() => readiness(worker)).toEqual([200, undefined])
  expect(worker.log.filter(({ msg }) => /no append-only file/.test(String(msg)))).toHaveLength(1)
})
