import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadCliConfig } from '@chatlane/core'
import { Command } from 'commander'
import { describe, expect, it, onTestFinished, test } from 'vitest'
import { addLoad } from '../src/commands/load.ts'
import { type LoadOptions, settingsOf } from '../src/commands/load-settings.ts'
import { settingsRows } from '../src/load/settings-rows.ts'

const env = {
  API_KEYS: 'first-key,second-key',
  API_PORT: '3100',
  TWILIO_ACCOUNT_SID: `AC${'1'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: 'a-secret-token',
  PUBLIC_URL: 'https://chat.example.com',
}

/** The options as the command line gives them. */
function optionsOf(words: readonly string[]): LoadOptions {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} })
  addLoad(program)
  const [command] = program.commands
  if (!command) throw new Error('expected the command to have added itself')
  command.exitOverride().configureOutput({ writeErr: () => {} })
  command.parseOptions([...words])
  return command.opts()
}

const settings = (words: readonly string[], more: Record<string, string> = {}) =>
  settingsOf(optionsOf(words), loadCliConfig({ ...env, ...more }), 5)

function routesFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'chatlane-load-settings-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'routes.json')
  const inbound_agents = [{ agent_id: 'chat_agent_a' }]
  const sms = ['+15005550006', 'whatsapp:+15005550006', '+15005550010'].map((sender) => ({ sender, inbound_agents }))
  const web = [{ public_key: 'pk_1', allowed_origins: ['https://www.example.com'], agent_id: 'chat_agent_a' }]
  writeFileSync(file, JSON.stringify({ sms, web }))
  return file
}

describe('the settings', () => {
  it('come from the environment and the routes file where the command line says nothing', () => {
    expect(settings([], { CHATLANE_CONFIG: routesFile() })).toEqual({
      urls: ['http://127.0.0.1:3100'],
      apiKey: 'first-key',
      durationMs: 60_000,
      rate: 5,
      messages: { least: 5, most: 5 },
      think: { kind: 'exponential', meanMs: 8_000 },
      smsShare: 0,
      web: { public_key: 'pk_1' },
      textLength: { least: 20, most: 160 },
      seed: 5,
      expectEcho: false,
      timeoutMs: 60_000,
    })
  })

  it('have the numbers of the routes file that SMS can be sent to', () => {
    const { sms, web } = settings(['--sms-share', '100', '--yes-send-sms'], { CHATLANE_CONFIG: routesFile() })
    expect(sms?.numbers).toEqual(['+15005550006', '+15005550010'])
    expect(web).toBeUndefined()
  })

  it.each([
    [['--rate', '12'], 12],
    [['--conversations', '3', '--messages', '2-6'], 12],
    [['--people', '60', '--think', '5s'], 12],
  ])('have one rate, however it is given: %j', (words, rate) => {
    expect(settings(['--agent', 'chat_agent_a', ...words])).toMatchObject({ rate })
  })

  it('are shown without secrets, and as they can be given again', () => {
    const words = ['--agent', 'a', '--number', '+15005550006', '--sms-share', '50', '--burst', '5x10s/60s']
    const first = settings([
      ...words,
      '--yes-send-sms',
      '--think',
      'uniform:500ms-2s',
      '--expect',
      'echo',
      '--seed',
      '9',
    ])
    const rows = settingsRows(first)
    expect(JSON.stringify(rows)).not.toMatch(/first-key|a-secret-token/)
    expect(settings(['--yes-send-sms', ...rows.flat()])).toEqual(first)
  })
})

test.each<[string[], Record<string, string>, number, RegExp]>([
  [['--agent', 'a', '--sms-share', '10'], {}, 64, /--yes-send-sms/],
  [['--agent', 'a', '--rate', '10000', '--minutes', '60'], {}, 64, /at most 500000 messages/],
  [[], {}, 64, /--agent or --public-key/],
  [['--sms-share', '100', '--yes-send-sms'], {}, 64, /--number/],
  [['--agent', 'a'], { API_KEYS: '' }, 78, /^API_KEYS: expected/],
  [['--sms-share', '100', '--yes-send-sms'], { PUBLIC_URL: '' }, 78, /^PUBLIC_URL: expected/],
])('%j with %j: exit code %i', (words, more, exitCode, message) => {
  expect(() => settings(words, more)).toThrow(
    expect.objectContaining({ exitCode, message: expect.stringMatching(message) }),
  )
})
