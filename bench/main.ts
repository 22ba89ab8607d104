/** The benchmark's command line. */

import { startRedisServer } from '@chatlane/dev'
import { Command, InvalidArgumentError, Option } from 'commander'
import { machine } from './machine.ts'
import { measure } from './measure.ts'
import type { Measurement } from './measurement.ts'
import { order, outcome, type Round } from './outcome.ts'
import { count, report, reportJson } from './report.ts'
import { type Row, rows } from './rows.ts'
import { usual } from './settings.ts'

interface Options {
  json?: true
  rows: Row[]
  rounds: number
  messages: number
  warmUp: number
}

const command = new Command('bench')
  .description(
    'Measures lanes (order per key) against plain BullMQ (no order) and GroupMQ: no-op messages added and worked off at ' +
      'the same time. Every measurement has a process of its own on an emptied Redis of its own, and is checked: each ' +
      'message once; for lanes and GroupMQ in order per key, one at a time.',
  )
  .addOption(
    new Option('--rows <list>', `rows to measure, comma-separated: ${rows.map(rowHelp).join('; ')}`)
      .argParser(parseRows)
      .default([...rows], 'all'),
  )
  .option('--rounds <n>', 'rounds per row; a round measures all sides once, in rotating order', parseCount, 5)
  .option('--messages <n>', 'messages per measurement; the reach is meant for the default', parseCount, usual.messages)
  .option('--warm-up <n>', 'messages before them, not measured', parseCount, usual.warmUp)
  .option('--json', 'print one JSON object as the last line')
  .addHelpText(
    'after',
    '\nProgress goes to stderr, the result to stdout. Exit code 0 when everything could be measured, whether the reach is\n' +
      'met or not; 1 when a side lost, doubled or reordered a message or did not get on.',
  )
  .parse()

await main(command.opts<Options>()).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})

async function main(options: Options): Promise<void> {
  const redis = await startRedisServer({ appendonly: 'yes', appendfsync: 'everysec' })
  try {
    console.log(await machine(redis.url))
    console.log(settingsLine(options))
    const outcomes = []
    for (const row of options.rows) {
      outcomes.push(outcome(row, nameOf(row, options.messages), await measureRow(row, options, redis.url)))
    }
    console.log(`\n${report(outcomes)}`)
    if (options.json) console.log(reportJson(outcomes))
  } finally {
    await redis.stop()
  }
}

async function measureRow(row: Row, options: Options, redisUrl: string): Promise<Round[]> {
  const settings = { ...usual, keys: row.keys, messages: options.messages, warmUp: options.warmUp }
  const rounds: Round[] = []
  for (let round = 0; round < options.rounds; round++) {
    process.stderr.write(`row ${row.n}, round ${round + 1} of ${options.rounds}:`)
    const measured: Partial<Record<keyof Round, Measurement>> = {}
    for (const side of order(round)) {
      measured[side] = await measure({ side, redisUrl, settings })
      process.stderr.write(` ${side} ${count(measured[side].perSecond)}/s`)
    }
    process.stderr.write('\n')
    const { lanes, plain, groupmq, groupmqBatching } = measured
    if (lanes && plain && groupmq && groupmqBatching) rounds.push({ lanes, plain, groupmq, groupmqBatching })
  }
  return rounds
}

function nameOf(row: Row, messages: number): string {
  return `${count(messages)} messages over ${count(row.keys)} keys`
}

function rowHelp(row: Row): string {
  return `${row.n} = ${count(row.keys)} keys`
}

function settingsLine({ rounds, messages, warmUp }: Options): string {
  return (
    `settings: ${rounds} rounds, ${count(messages)} messages after ${count(warmUp)} to warm up, ${usual.payload} characters ` +
    `each, ${usual.concurrency} handled and ${count(usual.adding)} added at once, Redis append-only everysec, noeviction`
  )
}

function parseRows(text: string): Row[] {
  return text.split(',').map((part) => {
    const row = rows.find(({ n }) => String(n) === part.trim())
    if (!row)
      throw new InvalidArgumentError(`expected numbers of rows (${rows.map(({ n }) => n).join(', ')}), got "${part}"`)
    return row
  })
}

function parseCount(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number above 0')
  return value
}
