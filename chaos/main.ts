/** The command line of `pnpm chaos`. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { check } from './check/check.ts'
import { backgroundFaults, faultNames, faultsOf, timedFaults } from './faults/catalog.ts'
import { keepEvidence } from './run/keep.ts'
import { run } from './run/run.ts'
import { Undo } from './run/undo.ts'
import { summaryOf } from './summary.ts'

interface Options {
  seed: number
  minutes: number
  faults: string[]
  rate: number
  people: number
  json?: true
}

const command = new Command('chaos')
  .description(
    'Breaks things while people write: two apis, three workers, a Redis and the sandbox (UponAI and Twilio) run as ' +
      'processes of this machine, with connections that can be broken between them. Afterwards everything that was ' +
      'accepted is compared with what the providers truly have and with what Chatlane says of it.',
  )
  .addOption(
    new Option('--seed <n>', 'what is broken when, and who says what; the timing is the machine’s')
      .argParser(parseSeed)
      .default(Math.floor(Math.random() * 1e9), 'random'),
  )
  .option('--minutes <n>', 'how long things are broken; then all is mended and has to come to rest', parsePositive, 2)
  .addOption(
    new Option('--faults <list>', 'comma-separated names or patterns with * (see below), all or none')
      .argParser(parseFaults)
      .default([...faultNames], 'all'),
  )
  .option('--rate <n>', 'messages to be accepted per second', parsePositive, 100)
  .option('--people <n>', 'people who write at the same time', parsePositive, 360)
  .option('--json', 'print one JSON object as the last line')
  .addHelpText('after', () => `\n${help()}`)
  .parse()

const options = command.opts<Options>()
const folder = mkdtempSync(join(tmpdir(), 'chatlane-chaos-'))
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
  const { seed, minutes, faults, rate, people } = options
  say(`seed ${seed}, ${minutes} minutes, ${faults.length} of ${faultNames.length} faults, ${people} people`)
  const ran = await run({ seed, minutes, faults, rate, people: Math.ceil(people), folder, say }, (step) =>
    undo.add(step),
  )
  await undo.run()
  const findings = check(ran.evidence)
  const { ok, lines, json } = summaryOf(ran, findings, { seed, minutes })
  for (const line of lines) console.log(line)
  if (ok) rmSync(folder, { recursive: true, force: true })
  else {
    console.log(`What is known of the people concerned: ${keepEvidence(folder, ran.evidence, findings)}`)
    console.log(`What the processes wrote: ${folder}`)
    process.exitCode = 1
  }
  if (options.json) console.log(JSON.stringify(json))
}

/** Progress is for people: it goes to stderr. */
function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

function help(): string {
  const line = ({ name, what }: { name: string; what: string }) => `  ${name.padEnd(32)} ${what}`
  return [
    'Faults with a place in the schedule:',
    ...timedFaults.map(line),
    '',
    'Faults that hit a few calls in a thousand, all the time:',
    ...backgroundFaults.map(line),
    '',
    'Progress goes to stderr, the result to stdout. Exit code 0 when no promise was broken; otherwise 1, and the logs and',
    'what is known of the people concerned are kept. Redis is started by the run: a redis-server or valkey-server is needed.',
  ].join('\n')
}

function parseFaults(list: string): string[] {
  try {
    return faultsOf(list)
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error))
  }
}

function parseSeed(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('expected a whole number from 0')
  return value
}

function parsePositive(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('expected a number above 0')
  return value
}
