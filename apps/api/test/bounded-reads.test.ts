import { foldItems } from '@chatlane/core'
import { startRedisServer } from '@chatlane/dev'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { type LedgerEntry, ledgerEffect } from '../../../packages/core/src/conversations/ledger.ts'
import { readLedger } from '../../../packages/core/src/conversations/read-ledger.ts'
import { asToken, call, expectProblem, newConversation, say } from './calls.ts'
import { readEvents } from './event-reader.ts'
import { rawClient } from './raw-client.ts'
import { type StartedApi, startApi } from './started-api.ts'

/** With nobody else on it: what is read of it is counted. */
let redis: Awaited<ReturnType<typeof startRedisServer>>
let api: StartedApi
beforeAll(async () => {
  redis = await startRedisServer()
  const limits = { perConversation: 3, perAddress: 5, perProcess: 6 }
  api = await startApi({ redisUrl: redis.url, mostWaiting: 10_000, streams: { limits } })
})
afterAll(async () => {
  await api.stop()
  await redis.stop()
})

const page = z.object({
  items: z.array(z.looseObject({ id: z.string(), text: z.string(), status: z.string() })),
  next: z.string().nullable(),
})

async function messages(id: string, query: string) {
  const answer = await call(api.url, `/v1/conversations/${id}/messages?${query}`)
  expect(answer.status).toBe(200)
  return page.parse(answer.body)
}

/** All messages, page by page. */
async function allPages(id: string, limit: number) {
  const pages: z.infer<typeof page>[] = []
  let after: string | null = '0'
  while (after !== null) {
    const next: z.infer<typeof page> = await messages(id, `after=${after}&limit=${limit}`)
    pages.push(next)
    after = next.next
  }
  return pages
}

async function append(conversation: string, entry: LedgerEntry): Promise<string> {
  const [command, key, ...args] = ledgerEffect(api.prefix, conversation, entry)
  return String(await api.redis.call(command, key, ...args))
}

const question = (text: string): LedgerEntry => ({
  kind: 'message',
  role: 'user',
  text,
  channel: 'web',
  status: 'queued',
})
const stop = { role: 'user', text: 'STOP', channel: 'web', status: 'dropped', reason: 'stop' } as const
const reply = (text: string, answers: string): LedgerEntry => ({
  kind: 'message',
  role: 'agent',
  text,
  channel: 'web',
  status: 'delivered',
  answers,
})

async function count(section: string, name: RegExp): Promise<number> {
  return Number(name.exec(await api.redis.info(section))?.[1] ?? 0)
}

const sent = () => count('stats', /total_net_output_bytes:(\d+)/)
const rangesRead = () => count('commandstats', /cmdstat_xrange:calls=(\d+)/)

const longest = '👋'.repeat(8_000)

describe('a page of messages', () => {
  test('costs what it holds, not what the conversation holds', async () => {
    const { id } = await newConversation(api.url)
    for (let i = 0; i < 40; i++) await append(id, reply(longest, await append(id, question(longest))))
    const before = await sent()
    const { items, next } = await messages(id, 'limit=1')
    expect(items).toMatchObject([{ text: longest, status: 'answered' }])
    expect(next).toBe(items[0]?.id)
    // Of 2.5 MB: the message, what answers it, and the next one.
    expect((await sent()) - before).toBeLessThan(200_000)
  })

  test('ends early when its texts are long', async () => {
    const { id } = await newConversation(api.url)
    for (let i = 0; i < 100; i++) await append(id, question('x'.repeat(30_000)))
    const pages = await allPages(id, 1_000)
    expect(pages.map(({ items }) => items.length)).toEqual([34, 34, 32])
  })

  test('shows each message with the state that the whole ledger gives it', async () => {
    const step = fc.tuple(fc.constantFrom('ask', 'answer', 'fail', 'requeue', 'drop', 'end'), fc.nat(30))
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 7 }), async (steps, limit) => {
        const { id } = await newConversation(api.url)
        const open: string[] = []
        for (const [what, which] of steps) {
          const message = open[which % Math.max(1, open.length)] ?? '1-0'
          if (what === 'ask') open.push(await append(id, question('q')))
          else if (what === 'fail') await append(id, { kind: 'status', message, status: 'failed' })
          else if (what === 'requeue') await append(id, { kind: 'status', message, status: 'queued' })
          else if (what === 'end') await append(id, { kind: 'conversation', status: 'closed' })
          else if (what === 'drop') await append(id, { kind: 'message', ...stop })
          else {
            await append(id, reply('a', message))
            // Nothing more becomes of a message that was answered, nor of one that has failed for good.
            open.splice(open.indexOf(message), 1)
          }
        }
        const shown = (await allPages(id, limit)).flatMap(({ items }) => items)
        expect(shown.map(({ id, status }) => [id, status])).toEqual(
          foldItems(await readLedger(api.redis, api.prefix, id)).map(({ id, status }) => [id, status]),
        )
      }),
      { numRuns: 25 },
    )
  })
})

test('a ledger lets go of its older half when its longer texts are more than 1 MB', async () => {
  const { id } = await newConversation(api.url)
  let newest = ''
  for (let i = 0; i < 150; i++) newest = await say(api.url, id, longest)
  const kept = await readLedger(api.redis, api.prefix, id)
  const bytes = kept.reduce((sum, { entry }) => sum + (entry.kind === 'message' ? Buffer.byteLength(entry.text) : 0), 0)
  expect(bytes).toBeGreaterThan(500_000)
  expect(bytes).toBeLessThan(1_200_000)
  expect(kept.at(-1)?.id).toBe(newest)
})

describe('event streams', () => {
  const open = async (id: string, token?: string) => {
    const path = `/v1/conversations/${id}/events?after=0`
    const headers = token === undefined ? { authorization: 'Bearer key-of-the-tests' } : asToken(token)
    const reader = await readEvents(api.url + path, headers)
    onTestFinished(() => reader.close())
    return reader
  }

  test('of one conversation are read for once per message', async () => {
    const { id, token } = await newConversation(api.url)
    await say(api.url, id, 'first')
    const readers = await Promise.all([open(id, token), open(id, token), open(id), open(id), open(id), open(id)])
    await Promise.all(readers.map((reader) => reader.until(() => reader.events.length === 1)))
    const before = await rangesRead()
    for (let i = 2; i <= 6; i++) {
      await say(api.url, id, `message ${i}`)
      await Promise.all(readers.map((reader) => reader.until(() => reader.events.length === i)))
    }
    expect((await rangesRead()) - before).toBe(5)
  })

  test('are limited by conversation, by address and for the process; those of servers are not', async () => {
    await expect.poll(() => api.streams.size).toBe(0)
    const [a, b] = [await newConversation(api.url), await newConversation(api.url)]
    const ask = ({ id, token }: typeof a, from = '') =>
      call(api.url, `/v1/conversations/${id}/events`, { headers: { ...asToken(token), 'x-forwarded-for': from } })
    for (let i = 0; i < 3; i++) await open(a.id, a.token)
    const third = await ask(a)
    expect(expectProblem(third, 429, 'too_fast').detail).toMatch(/3 event streams of one conversation/)
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0)
    for (let i = 0; i < 2; i++) await open(b.id, b.token)
    expect(expectProblem(await ask(b), 429, 'too_fast').detail).toMatch(/5 event streams of one address/)
    for (let i = 0; i < 8; i++) await open(a.id)
    expect(api.streams.size).toBe(13)
  })

  test('are limited for the process with a pause and a metric, which servers do not feel', async () => {
    const most = { perConversation: 9, perAddress: 9, perProcess: 2 }
    const small = await startApi({ prefix: api.prefix, redisUrl: redis.url, streams: { limits: most } })
    onTestFinished(() => small.stop())
    const { id, token } = await newConversation(small.url)
    const path = `/v1/conversations/${id}/events`
    const readers = [1, 2].map(() => readEvents(small.url + path, asToken(token)))
    for (const reader of await Promise.all(readers)) onTestFinished(() => reader.close())
    const third = await call(small.url, path, { headers: asToken(token) })
    expect(expectProblem(third, 503, 'unavailable').detail).toMatch(/too many event streams/)
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await small.metrics()).toMatch(/chatlane_limits_reached_total\{limit="streams"\} 1/)
    const ofServer = await readEvents(small.url + path, { authorization: 'Bearer key-of-the-tests' })
    onTestFinished(() => ofServer.close())
    expect(ofServer.status).toBe(200)
    // One who leaves makes room.
    const [first] = await Promise.all(readers)
    first?.close()
    await expect.poll(() => small.streams.size, { timeout: 90_000 }).toBe(2)
    const next = await readEvents(small.url + path, asToken(token))
    onTestFinished(() => next.close())
    expect(next.status).toBe(200)
  })

  test('of which the process has no more go from who has many to who has few', async () => {
    const most = { perConversation: 9, perAddress: 9, perProcess: 4 }
    const env = { API_TRUST_PROXY: '1' }
    const small = await startApi({ prefix: api.prefix, redisUrl: redis.url, env, streams: { limits: most } })
    onTestFinished(() => small.stop())
    const { id, token } = await newConversation(small.url)
    const path = `/v1/conversations/${id}/events`
    const from = (address: string) => ({ ...asToken(token), 'x-forwarded-for': address })
    const open = async (address: string) => {
      const reader = await readEvents(small.url + path, from(address))
      onTestFinished(() => reader.close())
      return reader
    }
    const [first] = [await open('192.0.2.1'), await open('192.0.2.1'), await open('192.0.2.1'), await open('192.0.2.1')]
    const other = await open('198.51.100.1')
    expect(other.status).toBe(200)
    await first.ended
    expectProblem(await call(small.url, path, { headers: from('192.0.2.1') }), 503, 'unavailable')
    expect((await open('203.0.113.1')).status).toBe(200)
    expect((await open('203.0.113.1')).status).toBe(503)
    await expect.poll(() => small.streams.size, { timeout: 90_000 }).toBe(4)
  })

  test('with more behind their beginning than waits for a slow reader are read to the end', async () => {
    const { id, token } = await newConversation(api.url)
    const ids: string[] = []
    for (let i = 0; i < 300; i++) ids.push(await append(id, question('x'.repeat(7_000))))
    const reader = await open(id, token)
    await reader.until(() => reader.events.length === ids.length)
    expect(reader.events.map((event) => event.id)).toEqual(ids)
  })

  test('whose reader stands still are given up', async () => {
    const fresh = await startApi({ prefix: api.prefix, redisUrl: redis.url, streams: { heartbeatMs: 50 } })
    onTestFinished(() => fresh.stop())
    const { id, token } = await newConversation(fresh.url)
    for (let i = 0; i < 400; i++) await append(id, question('x'.repeat(30_000)))
    const path = `/v1/conversations/${id}/events?after=0&token=${token}`
    const client = await rawClient(fresh.url, `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`)
    onTestFinished(() => void client.socket.destroy())
    client.socket.pause()
    await expect.poll(() => fresh.streams.size, { timeout: 90_000 }).toBe(1)
    await expect.poll(() => fresh.streams.size, { timeout: 90_000 }).toBe(0)
  })
})
