import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { people } from '../demo/cast.ts'
import type { Happening, Kind } from '../demo/journal.ts'
import { heading, tell } from '../demo/screen.ts'
import { drawTable } from '../demo/table.ts'
import { drawTimeline } from '../demo/timeline.ts'
import { command, entry, paragraph } from '../terminal.ts'
import { root } from './program.ts'

const kinds: Kind[] = ['writes', 'hears', 'trouble', 'waits', 'mended', 'closed']
const happenings = people.flatMap(({ name, channel, lines }, i) =>
  lines.map(
    ({ text, answer }, n): Happening => ({
      at: n * 4_700 + i * 300,
      who: name,
      channel,
      kind: kinds[(n + i) % kinds.length] ?? 'writes',
      text: n % 2 === 0 ? text : answer,
    }),
  ),
)

test.each([40, 60, 80, 100, 200])('what demo and dev show fits a terminal of %d columns', (columns) => {
  const lines = shownOn(columns, () => {
    heading('The worker is killed in the middle of a conversation; people go on writing')
    for (const happening of happenings) tell(happening)
    drawTimeline(happenings)
    drawTable([{ what: 'answers for others while Emil’s slow one was made', expected: 8, found: 12, atLeast: true }])
    paragraph('Listen to a conversation, and in another terminal say something in it:')
    entry('sandbox: chats', 22, 'http://127.0.0.1:4010/')
    command('curl', 'http://127.0.0.1:4010/sms', "-H 'Authorization: dev-key'", "-d '{}'")
  })
  expect(lines.filter((line) => [...line].length > columns)).toEqual([])
})

test('a command that takes several lines is still one command', async () => {
  const lines = shownOn(40, () => command('printf', "'<%s>'", 'a-first-word', "'a second one'", 'and-a-third', 'end'))
  expect(lines.length).toBeGreaterThan(1)
  const said = await new Promise((resolve) => execFile('sh', ['-c', lines.join('\n')], (_, stdout) => resolve(stdout)))
  expect(said).toBe('<a-first-word><a second one><and-a-third><end>')
})

test.runIf(process.platform === 'linux' && existsSync('/usr/bin/script')).each([60, 80])(
  'the demo asks a real terminal of %d columns for its width',
  async (columns) => {
    const demo = `"${process.execPath}" --conditions=chatlane-source dev/demo/main.ts`
    const words = ['-qec', `stty cols ${columns}; ${demo}`, '/dev/null']
    const env = { PATH: process.env.PATH, REDIS_URL: 'redis://127.0.0.1:1', TERM: 'xterm' }
    const output = await new Promise<string>((resolve) =>
      execFile('/usr/bin/script', words, { cwd: root, env }, (_, stdout) => resolve(stripVTControlCharacters(stdout))),
    )
    const lines = output.split(/[\r\n]+/)
    expect(output).toMatch(/REDIS_URL/)
    expect(lines.filter((line) => [...line].length > columns)).toEqual([])
    expect(Math.max(...lines.map((line) => line.length))).toBeGreaterThan(columns - 15)
  },
)

/** The lines that something prints on a terminal of so many columns. */
function shownOn(columns: number, show: () => void): string[] {
  const { stdout } = process
  const before = ['columns', 'isTTY', 'write'].map(
    (name) => [name, Object.getOwnPropertyDescriptor(stdout, name)] as const,
  )
  onTestFinished(() => {
    for (const [name, own] of before) {
      if (own) Object.defineProperty(stdout, name, own)
      else Reflect.deleteProperty(stdout, name)
    }
  })
  let text = ''
  const write = (part: string) => {
    text += part
    return true
  }
  for (const [name, value] of Object.entries({ columns, isTTY: true, write }))
    Object.defineProperty(stdout, name, { value, configurable: true })
  show()
  return stripVTControlCharacters(text).trimEnd().split('\n')
}
