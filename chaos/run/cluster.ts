import { createWriteStream, type WriteStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RedisServer, startRedisServer } from '@chatlane/dev'
import type { SandboxClient, Settings } from '@chatlane/sandbox'
import { makeStack } from '../../dev/stack/stack.ts'
import { Front } from '../proxy/front.ts'
import { TcpProxy } from '../proxy/tcp-proxy.ts'
import { randomFrom } from '../random.ts'
import { Member } from './member.ts'
import { stablePort } from './ports.ts'
import { givePriority } from './priority.ts'
import { routesFile } from './routes.ts'
import { script } from './script.ts'

export interface ClusterOptions {
  seed: number
  /** For the routes file, and what the processes write. */
  folder: string
  apis: number
  workers: number
  onMisbehaviour: (what: string) => void
}

/** Everything that runs: Redis, the sandbox, apis and workers, each with its own breakable connections. */
export interface Cluster {
  redis: RedisServer
  sandbox: SandboxClient
  sandboxUrl: string
  apis: Member[]
  workers: Member[]
  /** Each api by itself. */
  apiUrls: string[]
  /** What differs from seed to seed in how UponAI behaves. */
  shape: string
}

// Above the slowest answer of the sandbox (2 s) with the delays of the proxies, and of a busy machine, on top.
const uponaiTimeoutMs = 8_000

/** So long after a call to UponAI began a worker takes it that nobody is at it any more: the time-out and 5 s. */
export const graceMs = uponaiTimeoutMs + 5_000

/** Chatlane's settings; what a run breaks has to show within seconds. */
const settings = {
  LOG_LEVEL: 'warn',
  QUEUE_SHARDS: '2',
  UPONAI_TIMEOUT_MS: String(uponaiTimeoutMs),
  UPONAI_COMPLETION_TIMEOUT_MS: String(uponaiTimeoutMs),
  // After an outage everything that waits is done at once: not more than the sandbox answers in time.
  WORKER_CONCURRENCY: '50',
  // With a base of a tenth of a second, eleven tries are spread over nearly a minute on average: longer than any fault here
  // lasts, and still over when the run waits for the last message. Some messages meet so many that they are given up.
  TURN_ATTEMPTS: '11',
  TURN_BACKOFF_MS: '100',
  AUTO_CLOSE_AFTER_MS: '25000',
  SANDBOX_HISTORY_LIMIT: '5000000',
}

/** Starts all of it. `undo` takes what ends each part, as soon as there is something to end. */
export async function startCluster(
  options: ClusterOptions,
  undo: (step: () => Promise<void>) => void,
): Promise<Cluster> {
  const { folder, seed, onMisbehaviour } = options
  // With everysec Redis may answer before it has written: kill -9 could then lose what was acknowledged, and no client could
  // do anything about it.
  const redis = await startRedisServer({ appendfsync: 'always' })
  undo(() => redis.stop())

  const logs = new Map<string, WriteStream>()
  const log = (name: string) => {
    const stream = logs.get(name) ?? createWriteStream(join(folder, `${name.replace(' ', '-')}.log`))
    logs.set(name, stream)
    return stream
  }
  const routes = join(folder, 'routes.json')
  writeFileSync(routes, routesFile())
  const { dialect, shape } = shapeOf(seed)
  const ports = { sandbox: await stablePort(), api: await stablePort(), admin: await stablePort() }
  const stack = await makeStack({
    redisUrl: redis.url,
    settings: { ...settings, UPONAI_DIALECT: dialect, CHATLANE_CONFIG: routes },
    ports,
    onLine: (service, line) => log(service).write(`${line}\n`),
  })
  const sandbox = await stack.start('sandbox', 'sandbox')
  // Processes begin with the priority of the one that starts them.
  for (const pid of [process.pid, sandbox.pid]) givePriority(pid, 'high')
  undo(() => stack.stop())
  await stack.sandbox.setScript(script)
  await stack.sandbox.settings({ ...shape, webhooks: true, statuses: ['queued', 'delivered'] })

  const proxies: TcpProxy[] = []
  const proxy = async (port: number) => {
    const opened = await TcpProxy.open(await stablePort(), port)
    proxies.push(opened)
    return opened
  }
  const redisPort = Number(new URL(redis.url).port)
  const apiPorts = await Promise.all(Array.from({ length: options.apis }, stablePort))
  const front = await Front.open(ports.api, apiPorts)
  undo(async () => {
    front.close()
    for (const opened of proxies) opened.close()
  })

  const members: Member[] = []
  undo(async () => void (await Promise.all(members.map((member) => member.close()))))
  const apis: Member[] = []
  for (const [n, port] of apiPorts.entries()) {
    const toRedis = await proxy(redisPort)
    const adminPort = await stablePort()
    const own = {
      API_PORT: String(port),
      ADMIN_PORT: String(adminPort),
      REDIS_URL: `redis://127.0.0.1:${toRedis.port}`,
    }
    const name = `api ${n + 1}`
    const start = () => stack.start('api', name, own)
    const metricsUrl = `http://127.0.0.1:${adminPort}/metrics`
    apis.push(new Member({ name, start, proxies: { redis: toRedis }, metricsUrl, onMisbehaviour }))
  }
  const workers: Member[] = []
  for (let n = 1; n <= options.workers; n++) {
    const [toRedis, toUponai, toTwilio] = [
      await proxy(redisPort),
      await proxy(ports.sandbox),
      await proxy(ports.sandbox),
    ]
    const workerPort = await stablePort()
    const own = {
      WORKER_PORT: String(workerPort),
      REDIS_URL: `redis://127.0.0.1:${toRedis.port}`,
      UPONAI_BASE_URL: `http://127.0.0.1:${toUponai.port}/uponai`,
      TWILIO_BASE_URL: `http://127.0.0.1:${toTwilio.port}/twilio`,
    }
    const name = `worker ${n}`
    const start = () => stack.start('worker', name, own)
    const metricsUrl = `http://127.0.0.1:${workerPort}/metrics`
    workers.push(
      new Member({
        name,
        start,
        proxies: { redis: toRedis, uponai: toUponai, twilio: toTwilio },
        metricsUrl,
        onMisbehaviour,
      }),
    )
  }
  members.push(...apis, ...workers)
  await Promise.all(members.map((member) => member.start()))
  return {
    redis,
    sandbox: stack.sandbox,
    sandboxUrl: stack.sandboxUrl,
    apis,
    workers,
    apiUrls: apiPorts.map((port) => `http://127.0.0.1:${port}`),
    shape: `${dialect}, ${Object.entries(shape)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`,
  }
}

/** How much of what UponAI may tell of a message it tells, and in which dialect: nothing of it is promised. */
function shapeOf(seed: number) {
  const random = randomFrom(seed)
  const dialect = random.pick(['rest', 'rpc'])
  const shape: Partial<Settings> = {
    message_roles: random.chance(0.5),
    message_ids: random.chance(0.5),
    message_timestamps: random.chance(0.5),
    text_stored: random.pick(['arrival', 'answer'] as const),
    end_when_ended: random.pick(['error', 'ok'] as const),
  }
  return { dialect, shape }
}
