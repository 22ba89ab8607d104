import { type RedisServer, startRedisServer } from '@chatlane/dev'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addressesOf, spawnApi } from './api-process.ts'
import { call, expectProblem, newConversation, say } from './calls.ts'
import { readEvents } from './event-reader.ts'
import { environment, type StartedApi, startApi } from './started-api.ts'
import { inbound, messages, postForm } from './twilio-requests.ts'

let server: RedisServer
let operator: Redis
let api: StartedApi
let redisUrl: string
beforeAll(async () => {
  server = await startRedisServer()
  operator = new Redis(server.url)
  const url = new URL(server.url)
  url.username = 'app'
  url.password = 'secret'
  redisUrl = url.href
  await operator.acl('SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all')
  api = await startApi({ redisUrl })
})
afterAll(async () => {
  await api.stop()
  operator.disconnect()
  await server.stop()
})

const ready = async () => (await call(api.url, '/readyz')).status
const mail = async () => (await operator.keys(`*${api.prefix}*:mail:*`)).length

test.each([
  ['its channels', 'resetchannels', '&*'],
  ['a command in the middle of a step', '-zadd', '+zadd'],
  ['the command that wakes a lane', '-lpush', '+lpush'],
])(
  'without %s nothing is stored, not even a part, and all goes on when the right is back',
  async (_what, less, more) => {
    const { id, token } = await newConversation(api.url)
    await say(api.url, id, 'before')
    const reader = await readEvents(`${api.url}/v1/conversations/${id}/events?token=${token}`)
    const lanesBefore = await mail()
    await operator.acl('SETUSER', 'app', less)
    const post = (text: string) => call(api.url, `/v1/conversations/${id}/messages`, { body: { text } })
    try {
      await expect.poll(async () => (await post('refused')).status).toBe(503)
      expectProblem(await post('refused'), 503, 'unavailable')
      expectProblem(await postForm(api.url, messages, inbound({ From: '+15005554777' })), 503, 'unavailable')
      await expect.poll(ready).toBe(503)
      const { items } = await api.conversations.messages(id, '0', 10)
      expect(items.map(({ text }) => text)).toEqual(['before'])
      expect(await mail()).toBe(lanesBefore)
    } finally {
      await operator.acl('SETUSER', 'app', more)
    }
    await expect.poll(ready).toBe(200)
    const after = await say(api.url, id, 'after')
    await reader.until(() => reader.events.some((event) => event.id === after))
    reader.close()
  },
)

test('at the start it is refused with one line, and so is one without INFO', async () => {
  await operator.acl('SETUSER', 'app', 'resetchannels', '-info')
  const refused = spawnApi({ ...environment, REDIS_URL: redisUrl })
  expect(await refused.exit).toBe(78)
  expect(refused.stderr).toEqual([
    'REDIS_URL: expected the Redis user app to have +info: ACL SETUSER app +info; docs/redis.md#the-user shows all rights; see docs/configuration.md#redis_url',
  ])
  await operator.acl('SETUSER', 'app', '+info')
  const without = spawnApi({ ...environment, REDIS_URL: redisUrl })
  expect(await without.exit).toBe(78)
  expect(without.stderr).toHaveLength(1)
  expect(without.stderr[0]).toContain('ACL SETUSER app &*')
  await operator.acl('SETUSER', 'app', '&*')
})

test('its readiness names what Redis refuses', async () => {
  const own = spawnApi({ ...environment, REDIS_URL: redisUrl })
  const { adminUrl } = await addressesOf(own)
  const problem = async () => JSON.stringify((await call(adminUrl, '/readyz')).body)
  await expect.poll(async () => (await call(adminUrl, '/readyz')).status).toBe(200)
  await operator.config('SET', 'min-replicas-to-write', '1')
  await expect.poll(problem).toContain('min-replicas-to-write')
  await operator.config('SET', 'min-replicas-to-write', '0')
  await operator.acl('SETUSER', 'app', '-info')
  await expect.poll(problem).toContain('+info')
  await operator.acl('SETUSER', 'app', '+info')
  await expect.poll(async () => (await call(adminUrl, '/readyz')).status).toBe(200)
  own.process.kill('SIGKILL')
  await own.exit
})
