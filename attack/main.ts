/** The command line of `pnpm attack`. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { Undo } from '../chaos/run/undo.ts'
import { reportOf } from './report.ts'
import type { Row } from './row.ts'
import { ROWS } from './rows.ts'
import { run } from './run/run.ts'

interface Options {
  seed: number
  seconds: number
  rows: Row[]
  times: boolean
  json?: true
  markdown?: true
}

const command = new Command('attack')
  .description(
    'Attacks an api and a worker as strangers can, one kind after the other, while others write, text, listen and read ' +
      'files. What they notice is compared with what they notice beside somebody harmless who is as busy. Everything ' +
      'runs on this machine.',
  )
  .addOption(
    new Option('--seed <n>', 'what is sent; the timing is the machine’s')
      .argParser((text) => number(text, 0, Number.MAX_SAFE_INTEGER))
      .default(Math.floor(Math.random() * 1e9), 'random'),
  )
  .addOption(
    new Option('--seconds <n>', 'how long others are watched beside each side, three times per row')
      .argParser((text) => number(text, 1, 600))
      .default(2),
  )
  .addOption(
    new Option('--rows <list>', 'numbers of the rows below, separated by commas')
      .argParser(parseRows)
      .default([...ROWS], 'all'),
  )
  .option(
    '--no-times',
    'watch for errors only, without anybody harmless: shorter, and for a machine that has other work',
  )
  .option('--json', 'print one JSON object as the last line')
  .option('--markdown', 'print the table of docs/security.md')
  .addHelpText(
    'after',
    () => `\n${ROWS.map(({ name, attack }, n) => `${String(n + 1).padStart(3)}  ${name}: ${attack}`).join('\n')}`,
  )
  .parse()

const options = command.opts<Options>()
const folder = mkdtempSync(join(tmpdir(), 'chatlane-attack-'))
const undo = new Undo()
let stopping = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // A Ctrl-C comes twice: from the terminal, and handed on by pnpm.
    if (stopping) return
    stopping = true
    say(`${signal}: stopped before the end`)
    void undo.run().finally(() => {
      rmSync(folder, { recursive: true, force: true })
      process.exit(130)
    })
  })
}
await main().catch(async (error: unknown) => {
  // What breaks while everything is being stopped says nothing.
  if (stopping) return
  console.error(error)
  await undo.run()
  say(`What the processes wrote is in ${folder}`)
  process.exitCode = 1
})

async function main(): Promise<void> {
  const { seed, seconds, rows, times: judgeTimes } = options
  say(`seed ${seed}, ${rows.length} rows`)
  const outcomes = await run({ seed, seconds, rows, compare: judgeTimes, folder, say, undo: (step) => undo.add(step) })
  await undo.run()
  const { ok, lines, markdown, json } = reportOf(outcomes, { seed, seconds, judgeTimes })
  for (const line of lines) console.log(line)
  if (options.markdown) console.log(markdown)
  if (ok) rmSync(folder, { recursive: true, force: true })
  else {
    console.log(`What the processes wrote: ${folder}`)
    process.exitCode = 1
  }
  if (options.json) console.log(JSON.stringify(json))
}

/** Progress is for people: it goes to stderr. */
function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

function number(text: string, least: number, most: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}`)
  return value
}

function parseRows(list: string): Row[] {
  return list.split(',').flatMap((part) => ROWS.slice(number(part, 1, ROWS.length) - 1, Number(part)))
}
