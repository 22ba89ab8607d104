import { shardOfConversation } from '@chatlane/core'
import { Lanes } from '@chatlane/lanes'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { call, expectProblem, newConversation } from './calls.ts'
import { accountSid, type StartedApi, startApi } from './started-api.ts'
import { inbound, messages, postForm } from './twilio-requests.ts'

let api: StartedApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

const row = z.looseObject({ conversation_id: z.string(), status: z.string(), problem: z.string().optional() })
const page = z.object({ items: z.array(row), next: z.string().nullable() })

async function listed(query = '') {
  const answer = await call(api.url, `/v1/conversations?limit=200${query}`)
  expect(answer.status).toBe(200)
  return page.parse(answer.body).items
}

const recordOf = (id: string) => `{${api.prefix}:0}:conversation:${id}`

/** What may be found in a record, by the field. */
const DAMAGE: [field: string, value: string][] = [
  ['attempt', 'garbage'],
  ['attempt', '{"item":'],
  ['ch', 'a channel of a newer version'],
  ['made', 'yesterday'],
  ['last', '1e30'],
  ['meta', '[1]'],
  ['vars', '{'],
  ['joined', '{}'],
  ['reply', '{"channel":"fax","to":"1"}'],
  ['link:sms', 'no JSON'],
]

test.each(DAMAGE)(
  'a record with an unreadable %s (%s) is a row that says so, and the page goes on',
  async (field, value) => {
    const [before, { id }, after] = [
      await newConversation(api.url),
      await newConversation(api.url),
      await newConversation(api.url),
    ]
    await api.redis.hset(recordOf(id), field, value)
    const items = await listed()
    expect(items.find((one) => one.conversation_id === id)).toMatchObject({
      status: 'unreadable',
      problem: expect.stringMatching(/./),
      participant: null,
    })
    for (const other of [before, after])
      expect(items.find((one) => one.conversation_id === other.id)).toMatchObject({ status: 'open' })
    await api.redis.del(recordOf(id))
  },
)

test('a key that holds something else, and one record on each page, are shown as well', async () => {
  const { id } = await newConversation(api.url)
  await api.redis.del(recordOf(id))
  await api.redis.set(recordOf(id), 'a text')
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const answer = await call(api.url, `/v1/conversations?limit=1${cursor && `&cursor=${cursor}`}`)
    const { items, next } = page.parse(answer.body)
    seen.push(...items.map((one) => one.conversation_id))
    cursor = next
  }
  expect(seen).toContain(id)
  expect(new Set(seen).size).toBe(seen.length)
  await api.redis.del(recordOf(id))
})

test('a person whose record is damaged is found as such', async () => {
  const participant = '+14155550177'
  await postForm(api.url, messages, inbound({ From: participant, Body: 'Hello' }))
  const query = `&participant=${encodeURIComponent(participant)}`
  const [found] = await listed(query)
  await api.redis.hset(recordOf(found?.conversation_id ?? ''), 'attempt', 'garbage')
  expect(await listed(query)).toMatchObject([{ conversation_id: found?.conversation_id, status: 'unreadable' }])
  await api.redis.del(recordOf(found?.conversation_id ?? ''))
})

test.each([
  ['GET', '', undefined],
  ['PATCH', '', { metadata: { a: 1 } }],
  ['GET', '/messages', undefined],
  ['GET', '/events', undefined],
  ['POST', '/messages', { text: 'Hello' }],
  ['POST', '/end', {}],
  ['POST', '/link', { sms: '+14155550178' }],
  ['POST', '/handoff', {}],
  ['POST', '/resume', {}],
  ['POST', '/replies', { text: 'Hello' }],
])('%s /v1/conversations/{id}%s of a damaged record says what cannot be read', async (method, path, body) => {
  const { id } = await newConversation(api.url)
  await api.redis.hset(recordOf(id), 'attempt', 'garbage of a person')
  const answer = await call(api.url, `/v1/conversations/${id}${path}`, { method, body })
  const { detail } = expectProblem(answer, 409, 'unreadable')
  expect(detail).toMatch(/cannot be read: a field|cannot be read: its field/)
  expect(detail).not.toMatch(/garbage/)
  expect(api.log.filter(({ level }) => level === 'error')).toEqual([])
  await api.redis.del(recordOf(id))
})

test('a status callback about a conversation that cannot be read is no failure of ours', async () => {
  const { id } = await newConversation(api.url)
  await api.redis.hset(recordOf(id), 'ch', 'a channel of a newer version')
  const told = { MessageSid: `SM${'0'.repeat(32)}`, AccountSid: accountSid, MessageStatus: 'sent' }
  const answer = await postForm(api.url, `/webhooks/twilio/status?conversation=${id}&message=1-0&part=0`, told)
  expect(answer).toMatchObject({ status: 409, body: { type: 'urn:chatlane:problem:unreadable' } })
  await api.redis.del(recordOf(id))
})

test('a number goes on in another conversation when its own cannot be read', async () => {
  const participant = '+14155550179'
  await postForm(api.url, messages, inbound({ From: participant, Body: 'Hello' }))
  const [found] = await listed(`&participant=${encodeURIComponent(participant)}`)
  await api.redis.hset(recordOf(found?.conversation_id ?? ''), 'made', 'yesterday')
  const { id } = await newConversation(api.url)
  const linked = await call(api.url, `/v1/conversations/${id}/link`, { body: { sms: participant } })
  expect(linked).toMatchObject({ status: 200, body: { reply_channel: 'web', links: [{ participant }] } })
  await api.redis.del(recordOf(found?.conversation_id ?? ''))
})

test('fields that a newer version adds to a record are no damage', async () => {
  const { id } = await newConversation(api.url)
  await api.redis.hset(recordOf(id), 'a_field_of_tomorrow', '{"x":1}')
  expect((await listed()).find((one) => one.conversation_id === id)).toMatchObject({ status: 'open' })
})

test('a dead letter that cannot be read is listed and can be removed, and the others are shown', async () => {
  const { redis, prefix } = api
  const lanes = new Lanes({ name: 'turns', connection: redis, prefix, shardOf: shardOfConversation })
  const { id } = await newConversation(api.url)
  const letter = { lane: id, data: '{"kind":"end"}', reason: 'attempts_exhausted', detail: 'd', tries: 1, history: [] }
  const keys = lanes.shardKeys(0)
  const at = Date.now()
  for (const item of ['1-0', '2-0', '3-0', '4-0'])
    for (const effect of lanes.deadLetters.keep({ ...letter, id: item, at })) await redis.call(...commandOf(effect))
  const nameOf = (item: string) => `${keys.dead}${id.length}:${id}:${item}`
  await redis.set(nameOf('2-0'), 'no JSON')
  await redis.set(nameOf('3-0'), JSON.stringify({ ...letter, id: '3-0', at: 'long ago' }))
  await redis.set(nameOf('4-0'), JSON.stringify({ ...letter, id: '4-0', at, history: [{}] }))
  const answer = await call(api.url, '/v1/dead-letters')
  expect(answer.status).toBe(200)
  const { items } = z
    .object({ items: z.array(z.looseObject({ id: z.string(), reason: z.string() })) })
    .parse(answer.body)
  expect(items.map(({ reason }) => reason).sort()).toEqual([
    'attempts_exhausted',
    'unreadable',
    'unreadable',
    'unreadable',
  ])
  for (const { id: letterId, reason } of items) {
    expect((await call(api.url, `/v1/dead-letters/${letterId}`)).status).toBe(200)
    if (reason !== 'unreadable') continue
    expectProblem(await call(api.url, `/v1/dead-letters/${letterId}/replay`, { body: {} }), 409, 'unreadable')
    expect((await call(api.url, `/v1/dead-letters/${letterId}`, { method: 'DELETE' })).status).toBe(204)
  }
  await lanes.close()
})

function commandOf([command, key, ...args]: readonly [string, string, ...(string | number)[]]): [
  string,
  ...(string | number)[],
] {
  return [command, key, ...args]
}
