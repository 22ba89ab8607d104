import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as passed } from 'node:timers/promises'
import { freshPrefix, lossyProxy, startRedisServer, testRedisEnvironment } from '@chatlane/dev'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { type ApiProcess, addressesOf, spawnApi } from './api-process.ts'
import { call, expectProblem, newConversation, say } from './calls.ts'
import { readEvents } from './event-reader.ts'
import { environment, writeRoutes } from './started-api.ts'

const started: ApiProcess[] = []
afterEach(() => {
  for (const api of started.splice(0)) api.process.kill('SIGKILL')
})

function start(env: Record<string, string> = {}): ApiProcess {
  const api = spawnApi({ ...environment, ...testRedisEnvironment(env), REDIS_PREFIX: freshPrefix(), ...env })
  started.push(api)
  return api
}

describe('with a configuration that cannot be', () => {
  test('it ends with 78 and one line per problem', async () => {
    const api = start({ UPONAI_API_KEY: '', PUBLIC_URL: 'chat.example.com', API_PORT: '70000', NODE_ENV: 'production' })
    expect(await api.exit).toBe(78)
    expect(api.stderr.map((line) => line.split(':')[0])).toEqual(
      ['PUBLIC_URL', 'API_PORT', 'UPONAI_API_KEY'].sort(order),
    )
    for (const line of api.stderr) expect(line).toMatch(/^[A-Z_]+: expected .*; see docs\/configuration\.md#[a-z_]+$/)
    expect(api.log).toEqual([])
  })

  test('a routes file with a mistake is such a one', async () => {
    const file = writeRoutes('sms:\n  - sender: 15005550006\n')
    const api = start({ CHATLANE_CONFIG: file })
    expect(await api.exit).toBe(78)
    expect(api.stderr.length).toBeGreaterThan(0)
    for (const line of api.stderr) expect(line.startsWith(`${file}:2: `)).toBe(true)
  })
})

const known = ['UPONAI_API_KEY', 'PUBLIC_URL', 'API_PORT']
const order = (a: string, b: string) => known.indexOf(a) - known.indexOf(b)

test('a taken port is said in one line', async () => {
  const first = start()
  const { url } = await addressesOf(first)
  const second = start({ API_PORT: new URL(url).port })
  expect(await second.exit).toBe(1)
  expect(second.log.at(-1)).toMatchObject({ level: 'fatal', err: { code: 'EADDRINUSE' } })
  expect(second.stderr).toEqual([])
})

test('both listeners tell of health, and only of what is theirs', async () => {
  const { url, adminUrl } = await addressesOf(start())
  for (const base of [url, adminUrl]) {
    expect(await call(base, '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } })
    await expect.poll(async () => (await call(base, '/readyz')).status).toBe(200)
  }
  expectProblem(await call(adminUrl, '/v1/conversations'), 404, 'not_found')
})

test('routes are read again on SIGHUP; a bad file keeps the old ones', async () => {
  const file = writeRoutes()
  const api = start({ CHATLANE_CONFIG: file })
  const { url } = await addressesOf(api)
  await expect.poll(async () => (await call(url, '/readyz')).status).toBe(200)
  const agent = async (key: string) => (await call(url, '/v1/conversations', { body: { public_key: key } })).body
  expect(await agent('pk_test')).toMatchObject({ agent_id: 'chat_agent_web' })

  writeFileSync(file, 'web:\n  - public_key: pk_new\n    allowed_origins: [https://a.test]\n    agent_id: new_agent\n')
  api.process.kill('SIGHUP')
  await api.line(({ msg }) => msg === 'routes read again')
  expect(await agent('pk_new')).toMatchObject({ agent_id: 'new_agent' })

  writeFileSync(file, 'web: nothing\n')
  api.process.kill('SIGHUP')
  const line = await api.line(({ problems }) => problems !== undefined)
  expect(line.problems).toEqual([expect.stringContaining(`${file}:1: web: expected`)])
  expect(await agent('pk_new')).toMatchObject({ agent_id: 'new_agent' })
})

describe('told to stop', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('by %s it ends its streams and then itself, with 0', async (signal) => {
    const api = start()
    const { url } = await addressesOf(api)
    await expect.poll(async () => (await call(url, '/readyz')).status).toBe(200)
    const { id, token } = await newConversation(url)
    const message = await say(url, id, 'hi')
    const streams = await Promise.all(
      Array.from({ length: 5 }, () => readEvents(`${url}/v1/conversations/${id}/events?after=0&token=${token}`)),
    )
    for (const stream of streams) await stream.until(() => stream.events.length > 0)
    api.process.kill(signal)
    for (const stream of streams) {
      await stream.ended
      expect(stream.events.map((event) => event.id)).toEqual([message])
    }
    expect(await api.exit).toBe(0)
    expect(api.log.at(-1)).toMatchObject({ msg: 'stopped' })
    expect(api.stderr).toEqual([])
  })

  test('it does so with Redis away', async () => {
    const redis = await startRedisServer()
    const api = start({ REDIS_URL: redis.url })
    const { url } = await addressesOf(api)
    await expect.poll(async () => (await call(url, '/readyz')).status).toBe(200)
    const { id, token } = await newConversation(url)
    const stream = await readEvents(`${url}/v1/conversations/${id}/events?token=${token}`)
    await redis.stop()
    await api.line(({ event }) => event === 'redis_away')
    api.process.kill('SIGTERM')
    await stream.ended
    expect(await api.exit).toBe(0)
    expect(api.log.at(-1)).toMatchObject({ msg: 'stopped' })
  })

  test.each(['frozen', 'behind a network that swallows everything'])('it does so with Redis %s', async (how) => {
    const redis = await startRedisServer()
    const proxy = await lossyProxy(redis.url)
    onTestFinished(async () => {
      await proxy.close()
      await redis.stop()
    })
    const api = start({ REDIS_URL: proxy.url })
    const { url } = await addressesOf(api)
    await expect.poll(async () => (await call(url, '/readyz')).status).toBe(200)
    const { id, token } = await newConversation(url)
    const stream = await readEvents(`${url}/v1/conversations/${id}/events?token=${token}`)
    if (how === 'frozen') await redis.freeze()
    else proxy.swallow()
    const posted = call(url, `/v1/conversations/${id}/messages`, { body: { text: 'hi' } })
    await passed(200)
    api.process.kill('SIGTERM')
    await stream.ended
    expectProblem(await posted, 503, 'unavailable')
    expect(await api.exit).toBe(0)
    expect(api.log.at(-1)).toMatchObject({ msg: 'stopped' })
  })

  test('a request in progress is answered, with the advice to leave; a second signal ends it at once', async () => {
    const redis = await startRedisServer()
    onTestFinished(() => redis.stop())
    const api = start({ REDIS_URL: redis.url })
    const { url } = await addressesOf(api)
    await expect.poll(async () => (await call(url, '/readyz')).status).toBe(200)
    const { id } = await newConversation(url)
    await redis.freeze()
    const posted = call(url, `/v1/conversations/${id}/messages`, { body: { text: 'hi' } })
    await passed(200)
    api.process.kill('SIGTERM')
    await api.line(({ msg }) => msg === 'stopping')
    expect((await posted).headers.get('connection')).toBe('close')
    expect(await api.exit).toBe(0)

    await redis.thaw()
    const other = start({ REDIS_URL: redis.url })
    const addresses = await addressesOf(other)
    await expect.poll(async () => (await call(addresses.url, '/readyz')).status).toBe(200)
    // a client that never finishes what it began to send
    const stuck = connect(Number(new URL(addresses.url).port), '127.0.0.1')
    stuck.on('error', () => {})
    stuck.write(
      `POST /v1/conversations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
    )
    await passed(200)
    other.process.kill('SIGTERM')
    await other.line(({ msg }) => msg === 'stopping')
    await passed(1_100)
    other.process.kill('SIGTERM')
    expect(await other.exit).toBe(1)
    stuck.destroy()
  })

  test('whoever watches its readiness hears of it before it stops taking requests', async () => {
    const api = start()
    const { url, adminUrl } = await addressesOf(api)
    await expect.poll(async () => (await call(url, '/readyz')).status).toBe(200)
    const { id } = await newConversation(url)
    await call(url, '/readyz')
    await passed(1_000)
    await call(url, '/readyz')
    api.process.kill('SIGTERM')
    await api.line(({ msg }) => msg === 'stopping')
    const reason = await call(adminUrl, '/readyz')
    expect(expectProblem(reason, 503, 'unavailable').detail).toBe('the process is stopping')
    const outside = await call(url, '/readyz')
    expect(expectProblem(outside, 503, 'unavailable').detail).toBe('this process is not ready')
    const late = await call(url, `/v1/conversations/${id}/messages`, { body: { text: 'hi' } })
    expect([late.status, late.headers.get('connection')]).toEqual([202, 'close'])
    expect(await api.exit).toBe(0)
  })

  test('it does so before Redis was ever there', async () => {
    const api = start({ REDIS_URL: 'redis://127.0.0.1:1' })
    const { url } = await addressesOf(api)
    expectProblem(await call(url, '/readyz'), 503, 'unavailable')
    expectProblem(await call(url, '/v1/conversations', { body: { agent_id: 'a' } }), 503, 'unavailable')
    api.process.kill('SIGTERM')
    expect(await api.exit).toBe(0)
    expect(api.log.at(-1)).toMatchObject({ msg: 'stopped' })
    expect(api.stderr).toEqual([])
  })
})

test('it starts without Redis, and works as soon as there is one', async () => {
  const redis = await startRedisServer()
  await redis.kill()
  const api = start({ REDIS_URL: redis.url })
  const { url } = await addressesOf(api)
  expectProblem(await call(url, '/readyz'), 503, 'unavailable')
  await redis.start()
  await expect.poll(async () => (await call(url, '/readyz')).status).toBe(200)
  const { id, token } = await newConversation(url)
  const stream = await readEvents(`${url}/v1/conversations/${id}/events?token=${token}`)
  const message = await say(url, id, 'hi')
  await stream.until(() => stream.events.length > 0)
  expect(stream.events[0]).toMatchObject({ id: message })
  stream.close()
  await redis.stop()
})

test.each(['is there at the start', 'comes later'])(
  'it refuses a Redis that deletes messages, which %s',
  async (when) => {
    const redis = await startRedisServer({ maxmemory: '1gb', 'maxmemory-policy': 'allkeys-lru' })
    onTestFinished(() => redis.stop())
    if (when === 'comes later') await redis.kill()
    const api = start({ REDIS_URL: redis.url })
    if (when === 'comes later') {
      const { url } = await addressesOf(api)
      expectProblem(await call(url, '/readyz'), 503, 'unavailable')
      await redis.start()
    }
    expect(await api.exit).toBe(78)
    expect(api.stderr).toContain(
      'REDIS_URL: expected maxmemory-policy noeviction, found maxmemory-policy allkeys-lru with maxmemory 1.00G; see docs/configuration.md#redis_url',
    )
  },
)

test('it warns of a Redis without an append-only file, and of a policy that a limit would make dangerous', async () => {
  const redis = await startRedisServer({ appendonly: 'no', 'maxmemory-policy': 'volatile-lru' })
  onTestFinished(() => redis.stop())
  const api = start({ REDIS_URL: redis.url })
  const { url } = await addressesOf(api)
  await api.line(({ msg }) => /no append-only file/.test(String(msg)))
  await api.line(({ msg }) => /volatile-lru/.test(String(msg)))
  await expect.poll(async () => (await call(url, '/readyz')).status).toBe(200)
  api.process.kill('SIGTERM')
  expect(await api.exit).toBe(0)
})
