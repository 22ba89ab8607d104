import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, it } from 'vitest'
import { z } from 'zod'
import { freePort } from '../redis/free-port.ts'
import { revealing, type Sample, scrape, total } from '../scrape.ts'
import { devApiKey } from '../stack/environment.ts'
import type { Service } from '../stack/service.ts'
import { makeStack, type Stack } from '../stack/stack.ts'
import { freshPrefix, testRedisEnvironment, testRedisUrl } from '../test-redis.ts'

/** What processes as in production tell of themselves. */

const ours = '+15005550006'
const folder = mkdtempSync(join(tmpdir(), 'chatlane-metrics-'))
const routes = join(folder, 'routes.yaml')
writeFileSync(routes, `sms:\n  - sender: "${ours}"\n    inbound_agents: [{ agent_id: chat_agent_a }]\n`)
afterAll(() => rmSync(folder, { recursive: true }))

let stack: Stack
afterEach(() => stack.stop())

async function begin(): Promise<void> {
  const settings = {
    ...testRedisEnvironment(),
    REDIS_PREFIX: freshPrefix(),
    CHATLANE_CONFIG: routes,
    LOG_LEVEL: 'warn',
    UPONAI_TIMEOUT_MS: '5000',
    UPONAI_COMPLETION_TIMEOUT_MS: '5000',
  }
  stack = await makeStack({
    redisUrl: testRedisUrl(),
    settings,
    onLine: (service, line) => console.log(`${service}: ${line}`),
  })
  await stack.start('sandbox', 'sandbox')
  await stack.start('api', 'api')
}

async function startWorker(name: string): Promise<{ url: string; service: Service }> {
  const port = await freePort()
  return { url: `http://127.0.0.1:${port}`, service: await stack.start('worker', name, { WORKER_PORT: String(port) }) }
}

const texts = Array.from({ length: 10 }, (_, n) => `message ${n}`)
const numbers = Array.from({ length: 25 }, (_, n) => `+1415555${String(n).padStart(4, '0')}`)
const pages = 25

async function bySms(number: string): Promise<void> {
  for (const body of texts) expect((await stack.sandbox.sendSms({ from: number, to: ours, body })).status).toBe(204)
}

/** Gives the conversation's id. */
async function onTheWeb(): Promise<string> {
  const id = opened.parse(await post('/v1/conversations', { agent_id: 'chat_agent_a' })).conversation_id
  for (const text of texts) await post(`/v1/conversations/${id}/messages`, { text })
  return id
}

const opened = z.object({ conversation_id: z.string() })

async function post(path: string, body: unknown): Promise<unknown> {
  const response = await fetch(stack.apiUrl + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${devApiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

/** Samples by name and labels that are of interest here, without those that are 0. */
function withFaults(samples: readonly Sample[]): Sample[] {
  const names = ['chatlane_sweeper_wakes_total', 'chatlane_fenced_commits_total', 'chatlane_take_overs_total']
  return samples.filter(({ name, value }) => names.includes(name) && value !== 0)
}

it('counts every message once, and no sweeper, fence or take-over, as long as nothing breaks', async () => {
  await begin()
  const workers = [await startWorker('worker 1'), await startWorker('worker 2')]
  const [ids] = await Promise.all([
    Promise.all(Array.from({ length: pages }, onTheWeb)),
    Promise.all(numbers.map(bySms)),
  ])
  const bothWorkers = async () => (await Promise.all(workers.map(({ url }) => scrape(url)))).flat()
  const web = pages * texts.length
  const sms = numbers.length * texts.length
  const sent = async () => total(await bothWorkers(), 'chatlane_deliveries_total', { outcome: 'sent' })
  const done = async () => total(await bothWorkers(), 'chatlane_turns_total', { kind: 'message', outcome: 'commit' })
  await expect.poll(sent, { timeout: 120_000, interval: 200 }).toBe(sms)
  await expect.poll(done, { timeout: 120_000, interval: 200 }).toBe(web + sms)

  const samples = await bothWorkers()
  for (const name of ['sweeper_wakes', 'fenced_commits', 'take_overs'])
    for (const lanes of ['turns', 'deliveries']) expect(total(samples, `chatlane_${name}_total`, { lanes })).toBe(0)
  expect(withFaults(samples)).toEqual([])
  expect(total(samples, 'chatlane_turns_total', { kind: 'message' })).toBe(web + sms)
  expect(total(samples, 'chatlane_turn_duration_seconds_count', { kind: 'message' })).toBe(web + sms)
  expect(total(samples, 'chatlane_uponai_calls_total', { operation: 'complete', outcome: 'ok' })).toBe(web + sms)
  expect(total(samples, 'chatlane_deliveries_total')).toBe(sms)
  expect(total(samples, 'chatlane_dead_letters_total')).toBeUndefined()
  expect(total(samples, 'chatlane_upstream_paused', { upstream: 'uponai' })).toBe(0)
  expect(total(samples, 'chatlane_redis_up')).toBe(workers.length)

  const api = await scrape(stack.adminUrl)
  expect(total(api, 'chatlane_messages_total')).toBe(web + sms)
  expect(total(api, 'chatlane_messages_total', { channel: 'web', outcome: 'accepted' })).toBe(web)
  expect(total(api, 'chatlane_messages_total', { channel: 'sms', outcome: 'accepted' })).toBe(sms)
  const idle = async () => total(await scrape(stack.adminUrl), 'chatlane_lanes_waiting', { lanes: 'turns' })
  await expect.poll(idle).toBe(0)

  for (const process of [api, samples]) {
    expect(revealing(process)).toEqual([])
    const told = JSON.stringify(process)
    for (const secret of [...ids, ...numbers, ours]) expect(told).not.toContain(secret.replace('+', ''))
  }
}, 420_000)

it('counts the lanes that are taken over from a frozen worker, and its commits that are refused', async () => {
  await begin()
  // Both are in the middle of answers when one of them is frozen.
  await stack.sandbox.setFaults({ latency: { distribution: 'fixed', ms: 1_000 } })
  const frozen = await startWorker('worker 1')
  const talking = Promise.all(numbers.map(bySms))
  const underWay = async () => total(await scrape(frozen.url), 'chatlane_lanes_in_progress', { lanes: 'turns' })
  await expect.poll(underWay).toBeGreaterThan(0)
  const other = await startWorker('worker 2')
  expect(withFaults(await scrape(frozen.url))).toEqual([])
  process.kill(frozen.service.pid, 'SIGSTOP')
  try {
    await talking
    const takenOver = async () => total(await scrape(other.url), 'chatlane_take_overs_total', { lanes: 'turns' })
    await expect.poll(takenOver, { timeout: 90_000, interval: 500 }).toBeGreaterThan(0)
  } finally {
    process.kill(frozen.service.pid, 'SIGCONT')
  }
  const refused = async () => total(await scrape(frozen.url), 'chatlane_fenced_commits_total', { lanes: 'turns' })
  await expect.poll(refused, { interval: 500 }).toBeGreaterThan(0)
  expect(total(await scrape(other.url), 'chatlane_sweeper_wakes_total')).toBe(0)
}, 420_000)
