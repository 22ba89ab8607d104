import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backfill, LONGEST_LOOK_BACK_MS, type ReceivedSms, type SmsInbox, watchRoutes } from '@chatlane/core'
import { type SandboxClient, sandboxClient, sandboxCredentials, startSandbox } from '@chatlane/sandbox'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { chatlane } from './chatlane.ts'
import { type Deployment, deployment } from './deployment.ts'

const NUMBER = '+15005550006'
const WHATSAPP = 'whatsapp:+15005550006'
const FOREIGN = '+15005559999'
const ANN = '+14155550101'
const BOB = '+14155550102'
const MINUTE_MS = 60_000

let d: Deployment
let sandbox: SandboxClient
let env: Record<string, string>
const ends: (() => unknown)[] = []

beforeEach(async () => {
  d = deployment()
  const folder = mkdtempSync(join(tmpdir(), 'chatlane-cli-'))
  const routes = join(folder, 'routes.yaml')
  const agents = 'inbound_agents: [{ agent_id: chat_agent_a }]'
  writeFileSync(routes, `sms:\n  - sender: "${NUMBER}"\n    ${agents}\n  - sender: "${WHATSAPP}"\n    ${agents}\n`)
  // Nobody takes its webhooks.
  const started = await startSandbox({ port: 0, apiUrl: 'http://127.0.0.1:9' })
  sandbox = sandboxClient(started.url)
  env = {
    ...d.env,
    CHATLANE_CONFIG: routes,
    TWILIO_ACCOUNT_SID: sandboxCredentials.twilioAccountSid,
    TWILIO_AUTH_TOKEN: sandboxCredentials.twilioAuthToken,
    TWILIO_BASE_URL: started.twilioUrl,
    PUBLIC_URL: 'http://127.0.0.1:9',
  }
  ends.push(
    () => d.stop(),
    () => started.close(),
    () => rmSync(folder, { recursive: true }),
  )
})
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

const run = (...words: string[]) => chatlane(['backfill', ...words], env)

async function missed(from: string, body: string, to = NUMBER): Promise<string> {
  return (await sandbox.sendSms({ from, to, body })).message_sid
}

/** Messages from here on are so old. */
const ago = (ms: number) => sandbox.settings({ twilio_clock_ms: -ms })

/** The texts of everyone, conversation by conversation. */
async function taken(participant: string): Promise<string[][]> {
  const { conversations } = await d.conversations.list({ participant, limit: 10 })
  return Promise.all(
    conversations.map(async ({ id }) => (await d.conversations.messages(id, '0', 100)).items.map(({ text }) => text)),
  )
}

const listsAsked = async () =>
  (await sandbox.history({ kind: 'twilio' })).filter((e) => e.kind === 'twilio' && e.operation === 'message-list')
    .length

test('takes in what was missed: once, oldest first, of our addresses only', async () => {
  await ago(90 * MINUTE_MS)
  await missed(ANN, 'one')
  await missed(ANN, 'two')
  await ago(20 * MINUTE_MS)
  for (const body of ['same', 'same', '  ']) await missed(ANN, body)
  await missed(BOB, 'hi')
  await missed(`whatsapp:${ANN}`, 'from WhatsApp', WHATSAPP)
  await missed(ANN, 'somebody else’s', FOREIGN)
  await ago(0)
  await missed(ANN, 'last')

  const dry = await run('--since', '30m', '--dry-run', '--json')
  expect(dry).toMatchObject({ code: 0, stderr: '' })
  expect(dry.json()).toMatchObject({ dry_run: true, total: { found: 7, accepted: 6, not_ours: 1 } })
  expect(await taken(ANN)).toEqual([])

  expect((await run('--since', '2h', '--json')).json()).toEqual({
    since: expect.stringMatching(/Z$/),
    until: expect.stringMatching(/Z$/),
    stopped_by: null,
    dry_run: false,
    looked: 9,
    total: { found: 9, seen: 0, accepted: 8, left: 0, not_ours: 1 },
    numbers: [
      { number: NUMBER, found: 7, seen: 0, accepted: 7, left: 0, not_ours: 0 },
      { number: FOREIGN, found: 1, seen: 0, accepted: 0, left: 0, not_ours: 1 },
      { number: WHATSAPP, found: 1, seen: 0, accepted: 1, left: 0, not_ours: 0 },
    ],
  })
  expect(await taken(ANN)).toEqual([
    ['one', 'two', 'same', 'same', '⟦The person sent something that cannot be shown here.⟧', 'last'],
  ])
  expect(await taken(BOB)).toEqual([['hi']])
  expect(await taken(`whatsapp:${ANN}`)).toEqual([['from WhatsApp']])

  const again = await run('--since', '2h')
  expect(again).toMatchObject({ code: 0, stderr: '' })
  const [, head, ...rows] = again.stdout.trimEnd().split('\n')
  expect(head).toMatch(/^NUMBER +FOUND +ALREADY SEEN +ACCEPTED +NOT OURS +LEFT$/)
  expect(rows.slice(0, 4).map((row) => row.split(/ +/))).toEqual([
    [NUMBER, '7', '7', '0', '0', '0'],
    [FOREIGN, '1', '0', '0', '1', '0'],
    [WHATSAPP, '1', '1', '0', '0', '0'],
    ['all', '9', '8', '0', '1', '0'],
  ])
  expect(rows[4]).toMatch(/^Not ours: /)
  expect(await taken(ANN)).toHaveLength(1)
  expect((await taken(ANN))[0]).toHaveLength(6)
  expect((await run('--since', '2h', '--dry-run', '--json')).json()).toMatchObject({ total: { seen: 8, accepted: 0 } })
})

test('goes through the pages of a busy time, in order', async () => {
  // One page of Twilio's holds 1000.
  const bodies = Array.from({ length: 1_100 }, (_, i) => `n${i}`)
  for (const body of bodies) await missed(ANN, body)
  const ended = await run('--since', '10m', '--json')
  expect(ended.code).toBe(75)
  // No worker answers here, and a conversation may have 100 unanswered messages; nothing overtakes what is left.
  expect(ended.json()).toMatchObject({
    looked: 1_100,
    stopped_by: 'full',
    total: { found: 1_100, accepted: 100, left: 1_000 },
  })
  expect(await taken(ANN)).toEqual([bodies.slice(0, 100)])
  expect((await run('--since', '10m')).stdout).toMatch(/Left: .*When those are answered: --since \d+[sm]\n/)
})

test('lets nothing overtake what is left, even if there is room again meanwhile', async () => {
  const bodies = Array.from({ length: 1_001 }, (_, i) => `n${i}`)
  const messageOf = (text: string): ReceivedSms => {
    const messageSid = `SM${text}`
    const files = { attachments: 0, media: [] }
    return { at: 0, sms: { messageSid, accountSid: 'AC', channel: 'sms', from: ANN, to: NUMBER, text, ...files } }
  }
  const inbox: SmsInbox = {
    async received(_since, until) {
      // Of the first quarter of an hour more than a conversation takes; before the second one it is worked off.
      if (until !== undefined) return { messages: bodies.map(messageOf), looked: bodies.length }
      await d.workOff(d.lanes, { handler: async () => ({ do: 'commit' }) })
      return { messages: [messageOf('later')], looked: 1 }
    },
  }
  const { conversations } = d
  const since = Date.now() - 20 * MINUTE_MS
  const report = await backfill({ inbox, conversations, routes: watchRoutes(env.CHATLANE_CONFIG), since, most: 10_000 })
  expect(report).toMatchObject({ stoppedBy: 'full', total: { accepted: 1_000, left: 2 } })
})

test('stops at a bound with the oldest taken in, and says how to go on', async () => {
  for (const minutes of [100, 60, 30]) {
    await ago(minutes * MINUTE_MS)
    for (const body of ['a', 'b', 'c']) await missed(ANN, `${body} ${minutes}`)
  }
  const first = await run('--since', '2h', '--limit', '3')
  expect(first.code).toBe(75)
  expect(await taken(ANN)).toEqual([['a 100', 'b 100', 'c 100']])
  const [, since = ''] = /--limit was reached\. For the rest: --since (\d+[sm])$/m.exec(first.stdout) ?? []
  expect(since).not.toBe('')
  const second = await run('--since', since, '--limit', '3', '--json')
  expect(second.json()).toMatchObject({ stopped_by: 'most', total: { accepted: 3 } })
  expect(await run('--since', '2h')).toMatchObject({ code: 0 })
  expect(await taken(ANN)).toEqual([
    [100, 60, 30].flatMap((minutes) => ['a', 'b', 'c'].map((body) => `${body} ${minutes}`)),
  ])
})

test('looks back 23 hours, however long it takes from the command line to the check', async () => {
  await ago(1_370 * MINUTE_MS)
  await missed(ANN, 'hi')
  expect(await run('--since', '23h', '--json')).toMatchObject({ code: 0, stderr: '' })
  expect(await taken(ANN)).toEqual([['hi']])
  const options = {
    inbox: { received: async () => ({ messages: [], looked: 0 }) },
    conversations: d.conversations,
    routes: watchRoutes(env.CHATLANE_CONFIG),
    most: 1,
  }
  const began = Date.now() - LONGEST_LOOK_BACK_MS
  await expect(backfill({ ...options, since: began - 1_000 })).resolves.toMatchObject({ looked: 0 })
  await expect(backfill({ ...options, since: began - 30 * MINUTE_MS })).rejects.toThrow(RangeError)
})

test('asks Twilio with an API key, where there is no auth token', async () => {
  const apiKey = { sid: `SK${'1'.repeat(32)}`, secret: 'secret-of-the-key' }
  const other = await startSandbox({ port: 0, apiUrl: 'http://127.0.0.1:9', twilioApiKey: apiKey })
  ends.push(() => other.close())
  await sandboxClient(other.url).sendSms({ from: ANN, to: NUMBER, body: 'hi' })
  const { TWILIO_AUTH_TOKEN: _, PUBLIC_URL: __, ...rest } = env
  const withKey = {
    ...rest,
    TWILIO_BASE_URL: other.twilioUrl,
    TWILIO_API_KEY_SID: apiKey.sid,
    TWILIO_API_KEY_SECRET: apiKey.secret,
  }
  expect(await chatlane(['backfill', '--since', '5m'], withKey)).toMatchObject({ code: 0, stderr: '' })
  expect(await taken(ANN)).toEqual([['hi']])
  const refused = await chatlane(['backfill', '--since', '5m'], { ...withKey, TWILIO_API_KEY_SECRET: 'another' })
  expect(refused).toMatchObject({ code: 1, stdout: '' })
})

test('says in one line that replicas are missing', async () => {
  await missed(ANN, 'hi')
  const ended = await chatlane(['backfill', '--since', '5m'], { ...env, REDIS_MIN_REPLICAS: '9' })
  expect(ended).toMatchObject({ code: 1, stdout: '' })
  expect(ended.stderr).toMatch(
    /^chatlane: REDIS_NOT_REPLICATED: expected 9 replicas .*errors\.md#redis_not_replicated\n$/,
  )
})

test('tries again when Twilio asks for it, and says what it is when Twilio refuses', async () => {
  await missed(ANN, 'hi')
  const rule = { target: 'twilio', operation: 'message-list' } as const
  await sandbox.setFaults({ rules: [{ ...rule, times: 1, fault: { kind: 'status', status: 429, retry_after_s: 1 } }] })
  expect(await run('--since', '5m')).toMatchObject({ code: 0 })
  expect(await listsAsked()).toBe(2)
  const refused = await chatlane(['backfill', '--since', '5m'], { ...env, TWILIO_AUTH_TOKEN: 'ff'.repeat(16) })
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  expect(refused.stderr).toMatch(/^chatlane: Twilio answered 401, code 20003\./)
})

test.each([
  [[], "required option '--since <time>'"],
  [['--since', '2'], 'such as 90s, 30m or 2h'],
  [['--since', '0m'], 'such as 90s, 30m or 2h'],
  [['--since', '-5m'], 'such as 90s, 30m or 2h'],
  [['--since', '24h'], 'at most 23h: which messages were taken is remembered for 24 hours'],
  [['--since', '2h', '--limit', '0'], 'a whole number above 0'],
])('refuses %j', async (words, problem) => {
  const ended = await run(...words)
  expect(ended).toMatchObject({ code: 64, stdout: '' })
  expect(ended.stderr).toContain(problem)
})

test('says which setting is missing', async () => {
  const { TWILIO_ACCOUNT_SID: _, TWILIO_AUTH_TOKEN: __, ...without } = env
  const ended = await chatlane(['backfill', '--since', '2h'], without)
  expect(ended.code).toBe(78)
  expect(ended.stderr).toMatch(/^TWILIO_ACCOUNT_SID: expected, because this command asks Twilio/)
  expect(ended.stderr).toMatch(
    /^TWILIO_AUTH_TOKEN: expected, or TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET, because/m,
  )
  const noRoutes = await chatlane(['backfill', '--since', '2h'], { ...env, CHATLANE_CONFIG: '' })
  expect(noRoutes.code).toBe(1)
  expect(noRoutes.stderr).toContain('CHATLANE_CONFIG')
})
