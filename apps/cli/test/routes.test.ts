import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { chatlane } from './chatlane.ts'

const SERVICE = `MG${'0'.repeat(32)}`
const folder = mkdtempSync(join(tmpdir(), 'chatlane-routes-'))
afterAll(() => rmSync(folder, { recursive: true }))

function written(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

const good = written(
  'good.yaml',
  `sms:
  - sender: "+15005550006"
    inbound_agents: [{ agent_id: chat_agent_a, weight: 3 }, { agent_id: chat_agent_b }]
    outbound_agents: [{ agent_id: chat_agent_c }]
    coalesce_window_ms: 1500
  - messaging_service_sid: ${SERVICE}
    inbound_agents: [{ agent_id: chat_agent_d }]
web:
  - { public_key: pk, allowed_origins: ["https://a.example"], agent_id: chat_agent_e }
`,
)
const bad = written('bad.yaml', `sms:\n  - sender: "+15005550006"\n    gretting: hide\n  - sender: nobody\n`)

describe('routes check', () => {
  test('says that a file can be used, without an environment', async () => {
    const { code, stdout, stderr } = await chatlane(['routes', 'check', good], { REDIS_URL: 'nonsense' })
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: `${good} can be used: 2 in sms, 1 in web\n`,
      stderr: '',
    })
  })

  test('names every problem with line and key', async () => {
    const ended = await chatlane(['routes', 'check', bad], {})
    expect(ended).toMatchObject({ code: 78, stderr: '' })
    expect(ended.stdout.trimEnd().split('\n')).toEqual([
      expect.stringContaining(`${bad}:3: sms[0].gretting: expected one of `),
      expect.stringContaining(`${bad}:4: sms[1].sender: expected a Twilio sender`),
    ])
    const json = await chatlane(['routes', 'check', bad, '--json'], {})
    expect(json.code).toBe(78)
    expect(json.json()).toMatchObject({
      file: bad,
      valid: false,
      problems: [
        { line: 3, key: 'sms[0].gretting' },
        { line: 4, key: 'sms[1].sender' },
      ],
    })
  })

  test('checks the file of the processes, and says when there is none', async () => {
    const ours = await chatlane(['routes', 'check', '--json'], { CHATLANE_CONFIG: good })
    expect(ours.json()).toEqual({ file: good, valid: true, sms: 2, web: 1, problems: [] })
    const missing = await chatlane(['routes', 'check', join(folder, 'none.yaml')], {})
    expect(missing).toMatchObject({ code: 78, stdout: expect.stringContaining('expected a readable file (ENOENT)') })
  })
})

test('routes check refuses an agent’s version where the processes would, and takes it where they do', async () => {
  const pinned = written(
    'pinned.yaml',
    `sms:\n  - sender: "+15005550006"\n    inbound_agents: [{ agent_id: a, agent_version: 3 }]\n`,
  )
  expect(await chatlane(['routes', 'check', pinned], {})).toMatchObject({
    code: 78,
    stdout: expect.stringMatching(/:3: sms\[0\]\.inbound_agents\[0\]\.agent_version: .*only with rpc/),
  })
  expect(await chatlane(['routes', 'check', pinned], { UPONAI_DIALECT: 'rpc' })).toMatchObject({ code: 0 })
  expect(await chatlane(['routes', 'check', pinned], { UPONAI_DIALECT: 'soap' })).toMatchObject({
    code: 78,
    stderr: expect.stringMatching(/UPONAI_DIALECT: expected .*rest.*rpc/),
  })
})

describe('routes show', () => {
  const show = (words: string[], env: Record<string, string> = {}) =>
    chatlane(['routes', 'show', ...words], { CHATLANE_CONFIG: good, ...env })

  test('shows every route with its defaults and where each value comes from', async () => {
    const { code, stdout } = await show([], { AUTO_CLOSE_AFTER_MS: '5000' })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^sms\[0\] {2}\+15005550006$/m)
    expect(stdout).toMatch(/^inbound_agents +chat_agent_a 75 %, chat_agent_b 25 % +file$/m)
    expect(stdout).toMatch(/^auto_close_after_ms +5000 +AUTO_CLOSE_AFTER_MS$/m)
    expect(stdout).toMatch(/^coalesce_max_wait_ms +7500 +default$/m)
    expect(stdout).toMatch(/^greeting +inbound: hide, outbound: show +default$/m)
    expect(stdout).toMatch(/^media.policy +describe +default$/m)
    expect(stdout).toMatch(/^web\[0\] {2}pk$/m)
  })

  test('finds the route of an address as the processes do, and who would answer', async () => {
    const own = await show([
      '--address',
      '+15005550006',
      '--service',
      SERVICE,
      '--participant',
      '+15005550001',
      '--json',
    ])
    expect(own.json()).toMatchObject({
      routes: [
        {
          place: 'sms[0]',
          settings: { coalesce_window_ms: 1500, auto_close_message: null },
          from: { coalesce_window_ms: 'file' },
          agents: { inbound: expect.stringMatching(/^chat_agent_[ab]$/), outbound: 'chat_agent_c' },
        },
      ],
    })
    const pooled = await show(['--address', '+15005550001', '--service', SERVICE, '--json'])
    expect(pooled.json()).toMatchObject({ routes: [{ place: 'sms[1]' }] })
    const everywhere = await show(['--participant', '+15005550001'])
    expect(everywhere.stdout).toMatch(/^sms\[1\] +MG0+ +chat_agent_d +chat_agent_d$/m)
    expect((await show(['--public-key', 'pk', '--json'])).json()).toMatchObject({ routes: [{ place: 'web[0]' }] })
  })

  test.each([
    [['--address', '+15005559999'], 1, 'to have an SMS route for +15005559999'],
    [['--public-key', 'pk_other'], 1, 'to have a web route with public_key pk_other'],
    [['--address', 'nobody'], 64, 'expected an address'],
    [['--public-key', 'pk', '--address', '+15005550006'], 64, 'cannot be used with'],
  ])('says what is wrong with %j', async (words, code, why) => {
    const ended = await show(words)
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr).toContain(why)
  })

  test('of a bad file shows the problems only', async () => {
    const ended = await show([], { CHATLANE_CONFIG: bad })
    expect(ended).toMatchObject({ code: 78, stdout: '' })
    expect(ended.stderr).toContain(`${bad}:3: sms[0].gretting: expected one of `)
  })
})
