import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { type FindOptions, findRedis, hasLocalRedis, NoRedis, startRedisServer, testRedisUrl } from '../index.ts'
import { startRedis } from '../redis/find.ts'
import { startNode } from '../redis/nodes.ts'
import { redisProgram } from '../redis/program.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** The environment of this run, but only ways that start a Redis. */
const { REDIS_URL: _, ...ownEnv } = process.env

async function find(env: NodeJS.ProcessEnv, log: FindOptions['log'] = () => {}) {
  const found = await findRedis({ purpose: 'a test of the finder', log, env })
  cleanups.push(() => found.stop())
  return found
}

function connect(url: string): Redis {
  const redis = new Redis(url, { retryStrategy: () => null, lazyConnect: true })
  redis.on('error', () => {})
  cleanups.push(() => redis.disconnect())
  return redis
}

async function answers(url: string): Promise<boolean> {
  return connect(url)
    .ping()
    .then(
      () => true,
      () => false,
    )
}

describe('REDIS_URL', () => {
  test('is used when it is set, and left running', async () => {
    const found = await find({ ...ownEnv, CHATLANE_REDIS: undefined, REDIS_URL: testRedisUrl() })
    expect(found.url).toBe(testRedisUrl())
    await found.stop()
    expect(await answers(testRedisUrl())).toBe(true)
  })

  test('shows no password', async () => {
    const url = new URL(testRedisUrl())
    const user = connect(testRedisUrl())
    await user.acl('SETUSER', 'finder', 'on', '>s3cret', '+@all', '~*', '&*')
    cleanups.push(() => connect(testRedisUrl()).acl('DELUSER', 'finder'))
    const found = await find({ REDIS_URL: `redis://finder:s3cret@${url.host}` })
    expect(found.how).toBe(`REDIS_URL (redis://${url.host})`)
  })

  test.each(['http://127.0.0.1:6379', '127.0.0.1:6379', 'redis'])('%s is refused', async (url) => {
    await expect(find({ REDIS_URL: url })).rejects.toThrow('REDIS_URL: expected redis://host:port')
  })

  test('where nothing listens is told at once', async () => {
    const gone = await find(ownEnv)
    await gone.stop()
    const { host } = new URL(gone.url)
    await expect(find({ REDIS_URL: `redis://${host}` })).rejects.toThrow(
      `REDIS_URL: expected a Redis at redis://${host}`,
    )
  })
})

describe('a REDIS_URL that does not do', () => {
  test.skipIf(!hasLocalRedis())('a cluster’s node is refused at once', async () => {
    const node = await startNode({ 'cluster-enabled': 'yes' })
    cleanups.push(() => node.stop())
    await expect(find({ REDIS_URL: node.url })).rejects.toThrow(/it is a cluster's node.*or unset REDIS_URL/)
  })

  test('one that takes no writes is refused at once', async () => {
    const full = await startRedisServer({ 'min-replicas-to-write': '1' })
    cleanups.push(() => full.stop())
    await expect(find({ REDIS_URL: full.url })).rejects.toThrow(/it takes no writes: NOREPLICAS/)
  })

  test('one from before 7.0 is refused at once', async () => {
    await expect(find({ REDIS_URL: await oldRedis() })).rejects.toThrow(/it is 6\.0\.16, expected Redis 7\.0 or newer/)
  })
})

describe('a Redis of its own', () => {
  test('is durable, keeps every key, and is gone afterwards', async () => {
    const found = await find(ownEnv)
    const redis = connect(found.url)
    expect(await redis.config('GET', 'appendonly')).toEqual(['appendonly', 'yes'])
    expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction'])
    await found.stop()
    expect(await answers(found.url)).toBe(false)
  })

  test('is another one for each who asks', async () => {
    const [one, two] = await Promise.all([find(ownEnv), find(ownEnv)])
    expect(one.url).not.toBe(two.url)
    await connect(one.url).set('whose', 'one')
    expect(await connect(two.url).get('whose')).toBeNull()
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('ends when its process is ended by %s', async (signal) => {
    const holder = holdRedis()
    const url = await firstLine(holder)
    expect(await answers(url)).toBe(true)
    holder.kill(signal)
    await vi.waitUntil(async () => !(await answers(url)), { timeout: 30_000 })
  })
})

const program = redisProgram(ownEnv.PATH)

describe.skipIf(program === undefined)('a server program on the PATH', () => {
  test.each(['redis-server', 'valkey-server'])('%s is found and bound to this machine alone', async (name) => {
    const folder = await mkdtemp(join(tmpdir(), 'chatlane-path-'))
    cleanups.push(() => rm(folder, { recursive: true }))
    await symlink(program ?? '', join(folder, name))
    const found = await find({ PATH: folder })
    expect(found.how).toContain(join(folder, name))
    expect(await connect(found.url).config('GET', 'bind')).toEqual(['bind', '127.0.0.1'])
  })

  test('leaves no files behind', async () => {
    const found = await find({ ...ownEnv, CHATLANE_REDIS: 'local' })
    const [, folder = ''] = await connect(found.url)
      .config('GET', 'dir')
      .then((pair) => z.array(z.string()).parse(pair))
    expect(existsSync(join(folder, 'appendonlydir'))).toBe(true)
    await found.stop()
    expect(existsSync(folder)).toBe(false)
  })

  test('that refuses a setting is quoted', async () => {
    const settings = { 'maxmemory-policy': 'sometimes' }
    await expect(
      startRedis({ purpose: 'a test', log: () => {}, env: { ...ownEnv, CHATLANE_REDIS: 'local' }, settings }),
    ).rejects.toThrow(/maxmemory-policy sometimes|maxmemory-policy "sometimes"/)
  })
})

describe('a server program from before 7.0', () => {
  test.skipIf(program === undefined)('is passed over for a newer one', async () => {
    const folder = await folderWithOldRedis()
    await symlink(program ?? '', join(folder, 'valkey-server'))
    const found = await find({ PATH: folder, CHATLANE_REDIS: 'local' })
    expect(found.how).toContain(join(folder, 'valkey-server'))
  })

  test('is named when there is no other', async () => {
    const folder = await folderWithOldRedis()
    await expect(find({ PATH: folder, CHATLANE_REDIS: 'local' })).rejects.toThrow(
      `${join(folder, 'redis-server')} is 6.0.16, expected Redis 7.0 or newer`,
    )
  })
})

describe('without any', () => {
  test('the message says what was looked for and what to do', async () => {
    const attempt = find({ PATH: '', CHATLANE_REDIS: 'local' })
    await expect(attempt).rejects.toThrow(NoRedis)
    await expect(attempt).rejects.toThrow(/no redis-server or valkey-server on the PATH/)
    for (const way of [/apt-get install/, /dnf install/, /brew install/, /Docker/, /REDIS_URL=/]) {
      await expect(attempt).rejects.toThrow(way)
    }
  })

  test('an unknown way is refused', async () => {
    await expect(find({ CHATLANE_REDIS: 'docker' })).rejects.toThrow(
      'CHATLANE_REDIS: expected one of url, local, container, package, build, got "docker"',
    )
  })

  test('CHATLANE_REDIS=url wants a REDIS_URL', async () => {
    await expect(find({ CHATLANE_REDIS: 'url' })).rejects.toThrow('expected REDIS_URL to be set')
  })
})

function holdRedis(): ChildProcess {
  const program = fileURLToPath(new URL('./hold-redis.ts', import.meta.url))
  const holder = spawn(process.execPath, ['--conditions=chatlane-source', program], {
    env: ownEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  holder.stderr.pipe(process.stderr, { end: false })
  cleanups.push(() => holder.kill('SIGKILL'))
  return holder
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('expected a pipe')
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error('the process ended without a word'))),
  ])
  return String(line)
}

async function folderWithOldRedis(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'chatlane-path-'))
  cleanups.push(() => rm(folder, { recursive: true }))
  const says = 'Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64 build=a3fdef44459b3ad6'
  await writeFile(join(folder, 'redis-server'), `#!/bin/sh\necho '${says}'\n`, { mode: 0o755 })
  return folder
}

/** Answers as Redis 6.0 does, as far as it is asked. */
async function oldRedis(): Promise<string> {
  const info = '# Server\r\nredis_version:6.0.16\r\nredis_mode:standalone\r\nloading:0\r\n'
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('data', (data) => {
      for (const [, command = ''] of String(data).matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g))
        socket.write(/^info$/i.test(command) ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address')
  return `redis://127.0.0.1:${address.port}`
}
