import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as passed } from 'node:timers/promises'
import { afterAll, afterEach, expect, it } from 'vitest'
import { z } from 'zod'
import { devApiKey } from '../stack/environment.ts'
import { makeStack, type Stack } from '../stack/stack.ts'
import { freshPrefix, testRedisEnvironment, testRedisUrl } from '../test-redis.ts'

/** The main job, through the public doors, with processes as in production; checked against the sandbox's true history. */

const conversations = Array.from({ length: 200 }, (_, n) => ({
  web: n % 2 === 0,
  number: `+1415555${String(n).padStart(4, '0')}`,
  texts: Array.from({ length: 10 }, (_, i) => `conversation ${n}, message ${i}`),
}))
type Person = (typeof conversations)[number]

const ours = '+15005550006'
const folder = mkdtempSync(join(tmpdir(), 'chatlane-main-job-'))
const routes = join(folder, 'routes.yaml')
writeFileSync(routes, `sms:\n  - sender: "${ours}"\n    inbound_agents: [{ agent_id: chat_agent_a }]\n`)
afterAll(() => rmSync(folder, { recursive: true }))

let stack: Stack
afterEach(() => stack.stop())

it.each(['rest', 'rpc'] as const)(
  'answers everybody once and in order, one at a time per chat (%s)',
  async (dialect) => {
    await begin({ UPONAI_DIALECT: dialect })
    await stack.start('worker', 'worker 1')
    await stack.start('worker', 'worker 2')
    const ids = await Promise.all(conversations.map(talk))
    await everybodyAnswered()
    await check(ids)
  },
  420_000,
)

it('loses, doubles and reorders nothing when a worker is killed in the middle', async () => {
  await begin({ UPONAI_TIMEOUT_MS: '5000', UPONAI_COMPLETION_TIMEOUT_MS: '5000' })
  await stack.sandbox.setFaults({
    latency: { distribution: 'uniform', min_ms: 20, max_ms: 200 },
    // Some sends hang when the worker dies: whether they took effect has to be found out.
    rules: [{ target: 'twilio', operation: 'message-create', times: 12, fault: { kind: 'hang', when: 'before' } }],
  })
  const first = await stack.start('worker', 'worker 1')
  await stack.start('worker', 'worker 2')
  const talking = Promise.all(conversations.map(talk))
  await until(async () => (await answersByUponAI()) > 500)
  await first.kill()
  const ids = await talking
  await everybodyAnswered()
  await check(ids)
}, 420_000)

async function begin(settings: Record<string, string>): Promise<void> {
  stack = await makeStack({
    redisUrl: testRedisUrl(),
    settings: {
      ...testRedisEnvironment(),
      REDIS_PREFIX: freshPrefix(),
      CHATLANE_CONFIG: routes,
      LOG_LEVEL: 'warn',
      ...settings,
    },
    onLine: (service, line) => console.log(`${service}: ${line}`),
  })
  await stack.start('sandbox', 'sandbox')
  await stack.start('api', 'api')
}

/** Says a person's texts one after the other, each as soon as the one before is accepted. */
async function talk({ web, number, texts }: Person): Promise<string | undefined> {
  if (!web) {
    for (const body of texts) {
      const { status } = await stack.sandbox.sendSms({ from: number, to: ours, body })
      expect(status).toBe(204)
    }
    return undefined
  }
  const { conversation_id: id } = opened.parse(await call('POST', '/v1/conversations', { agent_id: 'chat_agent_a' }))
  for (const text of texts) await call('POST', `/v1/conversations/${id}/messages`, { text })
  return id
}

const opened = z.object({ conversation_id: z.string() })
const listed = z.object({ items: z.array(z.object({ role: z.string(), text: z.string() })) })

async function call(method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(stack.apiUrl + path, {
    method,
    headers: { authorization: `Bearer ${devApiKey}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await passed(200)
}

async function answersByUponAI(): Promise<number> {
  return (await stack.sandbox.chats()).reduce((sum, { completions }) => sum + completions, 0)
}

/** SMS that Twilio took, by the number they went to. */
async function texted(): Promise<Map<string, string[]>> {
  const byNumber = new Map<string, string[]>()
  for (const entry of await stack.sandbox.history({ kind: 'twilio' })) {
    if (entry.kind !== 'twilio' || entry.operation !== 'message-create' || !entry.effect) continue
    const to = entry.to ?? ''
    byNumber.set(to, [...(byNumber.get(to) ?? []), entry.body ?? ''])
  }
  return byNumber
}

async function everybodyAnswered(): Promise<void> {
  const texts = conversations.flatMap((person) => person.texts)
  const bySms = conversations.filter(({ web }) => !web).flatMap((person) => person.texts)
  await until(async () => {
    const sent = [...(await texted()).values()].flat()
    return (await answersByUponAI()) >= texts.length && sent.length >= bySms.length
  })
  // Whatever came twice or late would come now.
  await passed(1_000)
}

async function check(ids: (string | undefined)[]): Promise<void> {
  const chats = await stack.sandbox.chats()
  expect(chats.map(({ max_in_flight, max_working }) => Math.max(max_in_flight, max_working))).toEqual(
    chats.map(() => 1),
  )
  const histories = chats.map(({ messages }) => messages.map(({ role, content }) => `${role}: ${content}`))
  const expected = conversations.map(({ texts }) => texts.flatMap((text) => [`user: ${text}`, `agent: echo: ${text}`]))
  expect(histories.toSorted(byFirst)).toEqual(expected.toSorted(byFirst))

  const sms = await texted()
  for (const { number, texts } of conversations.filter(({ web }) => !web)) {
    expect(sms.get(number)).toEqual(texts.map((text) => `echo: ${text}`))
  }
  for (const [n, { texts }] of conversations.entries()) {
    if (ids[n] === undefined) continue
    const { items } = listed.parse(await call('GET', `/v1/conversations/${ids[n]}/messages?after=0`))
    const answers = items.filter(({ role }) => role === 'agent').map(({ text }) => text)
    expect(answers).toEqual(texts.map((text) => `echo: ${text}`))
  }
}

function byFirst(a: string[], b: string[]): number {
  return (a[0] ?? '').localeCompare(b[0] ?? '')
}
