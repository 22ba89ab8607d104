import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { devApiKey, freshPrefix, makeStack, type Stack, testRedisUrl } from '@chatlane/dev'
import { sandboxCredentials } from '@chatlane/sandbox'
import { afterAll, afterEach, beforeAll, expect, it, onTestFinished, test } from 'vitest'
import { startChatlane } from './start-chatlane.ts'
import { at } from './uponai-sandbox.ts'

const OURS = '+15005550006'

const folder = mkdtempSync(join(tmpdir(), 'chatlane-load-'))
const routes = join(folder, 'routes.json')
let stack: Stack

beforeAll(async () => {
  const agents = [{ agent_id: 'chat_agent_a' }]
  const sms = [{ sender: OURS, inbound_agents: agents }]
  const web = [{ public_key: 'pk_load', allowed_origins: ['https://www.example.com'], agent_id: 'chat_agent_a' }]
  writeFileSync(routes, JSON.stringify({ sms, web }))
  stack = await makeStack({
    redisUrl: testRedisUrl(),
    settings: { REDIS_PREFIX: freshPrefix(), CHATLANE_CONFIG: routes, TURN_ATTEMPTS: '2', TURN_BACKOFF_MS: '10' },
    onLine: () => {},
  })
  await stack.start('sandbox', 'sandbox')
  await stack.start('api', 'api')
  await stack.start('worker', 'worker')
})
afterEach(() => stack.sandbox.reset())
afterAll(async () => {
  await stack?.stop()
  rmSync(folder, { recursive: true })
})

/** The api's environment, as far as it matters here. */
const env = () => ({
  API_KEYS: devApiKey,
  TWILIO_ACCOUNT_SID: sandboxCredentials.twilioAccountSid,
  TWILIO_AUTH_TOKEN: sandboxCredentials.twilioAuthToken,
  PUBLIC_URL: stack.apiUrl,
  CHATLANE_CONFIG: routes,
})
const QUICK = ['--rate', '15', '--seconds', '4', '--think', '500ms', '--messages', '1-4', '--json']
const BOTH = ['--sms-share', '50', '--yes-send-sms']

const start = (words: readonly string[], more: Record<string, string> = {}) =>
  startChatlane(['load', '--url', stack.apiUrl, '--no-report', ...words], { ...env(), ...more })
const load = (words: readonly string[], more: Record<string, string> = {}) => start(words, more).ended

/** The texts that a run wrote, as UponAI has them. */
async function saidBy(run: unknown): Promise<string[]> {
  const chats = await stack.sandbox.chats()
  const texts = chats.flatMap(({ messages }) =>
    messages.flatMap(({ role, content }) => (role === 'user' ? content : [])),
  )
  return texts.flatMap((text) => (text?.startsWith(`load ${run}-`) ? text : []))
}

it('writes on the web and by SMS, and finds every message with its answer', async () => {
  const report = join(folder, 'report.html')
  const ended = await load([...QUICK, ...BOTH, '--expect', 'echo', '--burst', '3x1s/2s', '--report', report])
  expect(ended, ended.stderr).toMatchObject({ code: 0 })
  const result = ended.json()
  const accepted = at(result, 'messages', 'accepted')
  expect(result).toMatchObject({
    ok: true,
    interrupted: false,
    messages: { due: accepted, answered: accepted, dead_lettered: 0, refused: 0, unclear: 0 },
    found: { lost: 0, doubled: 0, out_of_order: 0, wrong_answer: 0, unanswered: 0, unexpected: 0, not_checked: 0 },
    latency_ms: { acceptance: { count: accepted }, answer: { count: accepted } },
    settings: { number: OURS, public_key: 'pk_load', expect: 'echo' },
  })
  // Its own word is not taken for it.
  const said = await saidBy(at(result, 'run'))
  expect(new Set(said).size).toBe(accepted)
  expect(said).toHaveLength(Number(accepted))
  expect(Number(at(result, 'people', 'web'))).toBeGreaterThan(0)
  expect(Number(at(result, 'people', 'sms'))).toBeGreaterThan(0)

  const page = readFileSync(report, 'utf8')
  expect(page.match(/<svg/g)).toHaveLength(10)
  expect(page).toContain(`All ${accepted} accepted messages are there once`)
  // It needs nothing of anybody, and tells nobody anything.
  expect(page).not.toMatch(/<script|<link|<img|src=|url\(/)
  for (const secret of [devApiKey, sandboxCredentials.twilioAuthToken])
    expect(page + ended.stdout).not.toContain(secret)
  expect(page + ended.stdout).not.toContain('parcel')
})

it('tells people the same in tables, and makes the plan of a seed again', async () => {
  const words = ['--rate', '10', '--seconds', '2', '--seed', '7']
  const [first, second] = await Promise.all([load(words), load(words)])
  for (const { code, stdout, stderr } of [first, second]) {
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/^seed 7\n/)
    expect(stdout).toMatch(/^accepted +\d+$/m)
    expect(stdout).toMatch(/^lost +0$/m)
    expect(stdout).toMatch(/^answer +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+$/m)
    expect(stdout).toMatch(/All \d+ accepted messages are there once, in order, and with their end\./)
  }
  const due = /^messages due +(\d+)$/m
  expect(due.exec(first.stdout)?.[1]).toBe(due.exec(second.stdout)?.[1])
})

it('finds answers that are not those of their questions', async () => {
  await stack.sandbox.setScript({ rules: [{ text_contains: '-2', answer: ['echo: something else'] }] })
  const ended = await load([...QUICK, '--messages', '3', '--expect', 'echo'])
  expect(ended.code, ended.stderr).toBe(1)
  expect(ended.json()).toMatchObject({ ok: false, found: { lost: 0, doubled: 0, out_of_order: 0 } })
  const wrong = Number(at(ended.json(), 'found', 'wrong_answer'))
  expect(wrong).toBeGreaterThan(0)
  expect(at(ended.json(), 'found', 'unanswered')).toBe(wrong)
  // What answers say is looked at on demand only.
  expect(await load([...QUICK, '--messages', '3'])).toMatchObject({ code: 0 })
})

it('counts dead letters as an end, and what was not answered in time as none', async () => {
  const gone = { target: 'uponai' as const, operation: 'completion' as const }
  await stack.sandbox.setFaults({ rules: [{ ...gone, probability: 0.3, fault: { kind: 'status', status: 400 } }] })
  const given = await load([...QUICK, ...BOTH, '--expect', 'echo'])
  expect(given.code, given.stderr).toBe(0)
  expect(Number(at(given.json(), 'messages', 'dead_lettered'))).toBeGreaterThan(0)

  await stack.sandbox.setFaults({ rules: [{ ...gone, fault: { kind: 'hang', when: 'before', ms: 20_000 } }] })
  const late = await load([...QUICK, '--timeout', '500ms'])
  expect(late.code, late.stderr).toBe(1)
  expect(at(late.json(), 'found', 'unanswered')).toBe(at(late.json(), 'messages', 'accepted'))
})

/** An api that is away at first for every other request: once before it takes it, and once after. */
async function flakyApi(): Promise<string> {
  let requests = 0
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const post = request.method === 'POST'
    const luck = post ? requests++ % 4 : 0
    const away = () => response.writeHead(503, { 'retry-after': '1' }).end()
    if (luck === 1) {
      away()
      return
    }
    const { host: _host, connection: _connection, 'content-length': _length, ...headers } = request.headers
    const answer = await fetch(`${stack.apiUrl}${request.url}`, {
      method: request.method ?? 'GET',
      headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
      ...(post && { body: Buffer.concat(chunks) }),
    })
    const text = await answer.text()
    // It was taken, but whoever sent it is not told.
    if (luck === 3) away()
    else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${at(server.address(), 'port')}`
}

it('repeats what was not taken as the same message, and counts it', async () => {
  const words = [
    'load',
    ...QUICK,
    ...BOTH,
    '--no-report',
    '--expect',
    'echo',
    '--url',
    `${stack.apiUrl},${await flakyApi()}`,
  ]
  const ended = await startChatlane(words, env()).ended
  expect(ended.code, `${ended.stderr}${ended.stdout}`).toBe(0)
  const result = ended.json()
  expect(at(result, 'messages', 'accepted')).toBe(at(result, 'messages', 'due'))
  expect(Number(at(result, 'repeated_by', '503'))).toBeGreaterThan(5)
  expect(await saidBy(at(result, 'run'))).toHaveLength(Number(at(result, 'messages', 'accepted')))
})

it('checks what was accepted when it is stopped', async () => {
  const report = join(folder, 'stopped.html')
  const agent = 'chat_agent_b'
  const words = ['--rate', '20', '--minutes', '5', '--agent', agent, '--expect', 'echo', '--json', '--report', report]
  const running = start(words)
  // What another test left in the queue goes on meanwhile.
  const isOfThisTest = (entry: object) => at(entry, 'agent_id') === agent && at(entry, 'operation') === 'completion'
  const said = async () => (await stack.sandbox.history({ kind: 'uponai' })).filter(isOfThisTest)
  while ((await said()).length < 20) await new Promise((resolve) => setTimeout(resolve, 50))
  running.kill('SIGINT')
  const ended = await running.ended
  expect(ended.code, ended.stderr + ended.stdout).toBe(0)
  expect(ended.stderr).toContain('stopping')
  expect(ended.json()).toMatchObject({ ok: true, interrupted: true })
  expect(Number(at(ended.json(), 'messages', 'answered'))).toBeGreaterThan(0)
  expect(Number(at(ended.json(), 'seconds'))).toBeLessThan(300)
  expect(readFileSync(report, 'utf8')).toContain('Stopped before its end.')
})

test.each<[string, string[], Record<string, string>, number, RegExp]>([
  ['no consent to SMS', ['--sms-share', '10'], {}, 64, /^chatlane: --sms-share: .*--yes-send-sms/m],
  ['another key', [], { API_KEYS: 'another' }, 78, /^chatlane: API_KEYS: expected its first .*\(401\)/m],
  ['another token', BOTH, { TWILIO_AUTH_TOKEN: '0'.repeat(32) }, 78, /TWILIO_AUTH_TOKEN and PUBLIC_URL: .*\(403\)/],
  ['another number', [...BOTH, '--number', '+15005550077'], {}, 1, /--number \+15005550077: .*\(404\)/],
  ['another web key', ['--public-key', 'pk_other'], {}, 1, /--public-key pk_other: .* 4\d\d/],
  ['nobody there', ['--url', 'http://127.0.0.1:1'], {}, 1, /http:\/\/127\.0\.0\.1:1 cannot be reached/],
  ['no place for the report', ['--report', '/nowhere/report.html'], {}, 1, /^chatlane: --report: expected a file/m],
])('says in one line what is wrong: %s', async (_name, words, more, code, why) => {
  const given = Object.fromEntries(Object.entries({ ...env(), ...more }).filter(([, value]) => value !== ''))
  const reports = words.includes('--report') ? [] : ['--no-report']
  const urls = words.includes('--url') ? [] : ['--url', stack.apiUrl]
  const ended = await startChatlane(['load', '--seconds', '1', ...urls, ...reports, ...words], given).ended
  expect(ended, ended.stderr).toMatchObject({ code, stdout: '' })
  expect(ended.stderr).toMatch(why)
  expect(ended.stderr).not.toMatch(/\n {4}at /)
  expect(existsSync('load-report.html')).toBe(false)
})
