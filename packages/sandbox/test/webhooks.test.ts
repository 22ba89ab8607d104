import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { signWebhook } from '../src/index.ts'
import { receivePosts } from './received-posts.ts'
import { useSandbox } from './started-sandbox.ts'

const at = useSandbox({ uponaiWebhookKey: 'hook-key' })
const eventSchema = z.object({ event: z.string(), chat: z.looseObject({ chat_id: z.string() }) })
let api: Awaited<ReturnType<typeof receivePosts>>

beforeAll(async () => {
  api = await receivePosts()
})
beforeEach(() => at.control.settings({ api_url: api.url, analysis_ms: 0, webhook_retry_ms: 1 }))
afterAll(() => api.close())

describe('the signature', () => {
  test.each([
    [
      '{"event":"chat_ended","chat":{"chat_id":"chat_demo_1","chat_status":"ended"}}',
      '74b58a23eaf1a56120dba8a5b0da80ec0d482732a5c022c6bd64c11eb0ebe35b',
    ],
    [
      '{"event":"chat_ended","chat":{"chat_id":"chat_demo_1","transcript":"User: ¿hola? 👋"}}',
      '177ba45d1e6535713a3f54a3e76b76d05abb361001a007b45e3a94d7aea66059',
    ],
  ])('of %s', (body, digest) => {
    expect(signWebhook('key_demo_0123456789abcdef', body, 1_760_000_000_000)).toBe(`v=1760000000000,d=${digest}`)
  })
})

describe("UponAI's webhooks", () => {
  test('started, ended, analysed: signed and in order', async () => {
    await at.control.settings({ webhooks: true })
    const before = api.posts.length
    const id = await at.createChat()
    await at.complete(id, 'hi')
    await at.control.endChat(id)
    const posts = (await api.count(before + 3)).slice(before)
    const events = posts.map(({ body }) => eventSchema.parse(JSON.parse(body)))
    expect(events.map(({ event }) => event)).toEqual(['chat_started', 'chat_ended', 'chat_analyzed'])
    expect(events[1]?.chat).toMatchObject({
      chat_id: id,
      chat_status: 'ended',
      transcript: 'User: hi\nAgent: echo: hi\n',
    })
    expect(events[1]?.chat).not.toHaveProperty('chat_analysis')
    expect(events[2]?.chat).toHaveProperty('chat_analysis')
    for (const { path, headers, body } of posts) {
      expect(path).toBe('/webhooks/uponai')
      const header = String(headers['x-retell-signature'])
      const timestamp = Number(/^v=(\d+),/.exec(header)?.[1])
      expect(header).toBe(signWebhook('hook-key', body, timestamp))
      expect(Math.abs(Date.now() - timestamp)).toBeLessThan(300_000)
    }
  })

  test('are repeated at most three times without a 2xx', async () => {
    await at.control.settings({ webhooks: true })
    const before = api.posts.length
    api.answers.push(...Array.from({ length: 4 }, () => ({ status: 500 })))
    const id = await at.createChat()
    await api.count(before + 4)
    await at.control.endChat(id)
    await api.count(before + 6)
    const entries = await at.control.history({ kind: 'webhook' })
    expect(entries.map((entry) => (entry.kind === 'webhook' ? `${entry.event} ${entry.attempt}` : ''))).toEqual([
      'chat_started 1',
      'chat_started 2',
      'chat_started 3',
      'chat_started 4',
      'chat_ended 1',
      'chat_analyzed 1',
    ])
  })

  test('are off unless they are asked for', async () => {
    const id = await at.createChat()
    await at.control.endChat(id)
    expect(await at.control.history({ kind: 'webhook' })).toEqual([])
  })
})
