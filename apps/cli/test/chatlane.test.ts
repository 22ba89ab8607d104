import { once } from 'node:events'
import { createServer } from 'node:net'
import { freshPrefix, testRedisEnvironment } from '@chatlane/dev'
import type { Command } from 'commander'
import { expect, onTestFinished, test } from 'vitest'
import { createProgram } from '../src/program.ts'
import { chatlane } from './chatlane.ts'

/** The port of a server that takes connections and says nothing. */
async function silentPort(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}))
  onTestFinished(() => void server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address')
  return address.port
}

test('needs nothing but Redis', async () => {
  const env = { ...testRedisEnvironment(), REDIS_PREFIX: freshPrefix() }
  const { code, stderr } = await chatlane(['dead-letters', 'list'], env)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

test.each([
  ['refuses', async () => 1, /ECONNREFUSED/],
  ['says nothing', silentPort, /does not answer|timeout/],
])('says in one line that Redis cannot be reached: it %s', async (_how, port, why) => {
  const address = `127.0.0.1:${await port()}`
  const ended = await chatlane(['dead-letters', 'list', '--json'], { REDIS_URL: `redis://:secret@${address}` })
  expect(ended).toMatchObject({ code: 1, stdout: '' })
  expect(ended.stderr).toMatch(/^chatlane: Redis at .* cannot be reached: .*; see REDIS_URL\n$/)
  expect(ended.stderr).toContain(address)
  expect(ended.stderr).toMatch(why)
  expect(ended.stderr).not.toContain('secret')
})

test('an environment that cannot be used ends with 78 and a line per problem', async () => {
  const env = { REDIS_URL: 'nonsense', REDIS_SENTINELS: '127.0.0.1:1' }
  const ended = await chatlane(['dead-letters', 'list'], env)
  expect(ended).toMatchObject({ code: 78, stdout: '' })
  expect(ended.stderr).toMatch(/^REDIS_URL: expected .*configuration.md#redis_url\nREDIS_SENTINEL_NAME: expected .*\n$/)
})

test('a misspelled variable is said, on standard error', async () => {
  const env = { ...testRedisEnvironment(), REDIS_PREFIX: freshPrefix(), REDIS_PREFIKS: 'x' }
  const ended = await chatlane(['dead-letters', 'list', '--json'], env)
  expect(ended).toMatchObject({ code: 0, stdout: '{"items":[],"next":null}\n' })
  expect(ended.stderr).toBe('chatlane: REDIS_PREFIKS is not a variable of Chatlane: was REDIS_PREFIX meant?\n')
})

/** Every command, with its words. */
function everyCommand(command: Command, before: string[] = []): { words: string; command: Command }[] {
  const words = [...before, command.name()]
  return [{ words: words.join(' '), command }, ...command.commands.flatMap((below) => everyCommand(below, words))]
}

test('every command has a help with an example of its own, and --json unless it is a group', () => {
  for (const { words, command } of everyCommand(createProgram())) {
    let help = ''
    const write = (text: string) => {
      help += text
    }
    command.configureOutput({ writeOut: write }).outputHelp()
    expect(help).toMatch(new RegExp(`Examples?:\\n {2}\\$ ${words}`))
    if (command.commands.length === 0) expect(help).toContain('--json')
  }
})

test('--help is no failure', async () => {
  const { code, stdout, stderr } = await chatlane(['dead-letters', 'replay', '--help'], {})
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain('Usage: chatlane dead-letters replay')
})

test('without a command it shows the help, as not understood', async () => {
  const ended = await chatlane([], {})
  expect(ended).toMatchObject({ code: 64, stdout: '' })
  expect(ended.stderr).toContain('Usage: chatlane')
})
