/** The benchmark's command line. */

import { resolve } from 'node:path'
import { startRedisServer } from '@chatlane/dev'
import { Command, InvalidArgumentError, Option } from 'commander'
import { checkOut } from './against/checkout.ts'
import { comparable, rowsAgainst } from './against/rows.ts'
import { machine } from './machine.ts'
import { reportJson } from './report/json.ts'
import type { Measured } from './report/measured.ts'
import { writePage } from './report/page.ts'
import { reportText } from './report/text.ts'
import type { Context, Row } from './row.ts'
import { rows } from './rows.ts'

interface Options {
  json?: true
  rows: Row[]
  against?: string
  rounds: number
  size: number
  profile?: string
  report?: string
}

const command = new Command('bench')
  .description(
    'Measures the lanes and the whole router against the simplest thing that does a part of the same. All sides in one ' +
      'run, alternating, on a Redis of its own; what a side did is checked afterwards.',
  )
  .addOption(
    new Option('--rows <list>', 'rows to measure, comma-separated').argParser(parseRows).default([...rows], 'all'),
  )
  .option(
    '--against <commit>',
    'instead, compare CPU time per message with that commit of this repository, checked out and built beside; rows 3 and 4',
  )
  .option('--rounds <n>', 'rounds per row; a round measures all sides once, in rotating order', parseCount, 5)
  .option('--size <factor>', 'times the usual number of messages; the reach is meant for 1', parseFactor, 1)
  .option('--profile <folder>', 'write a CPU profile of every measured process there; costs speed')
  .option('--report <file>', 'write the rows into a Markdown page, their figures beside it')
  .option('--json', 'print one JSON object as the last line')
  .addHelpText('after', `\nRows:\n${rows.map(rowHelp).join('\n')}`)
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
  if (options.against === undefined) return measureRows(options)
  const asked = options.rows.map(({ n }) => n).filter((n) => comparable.includes(n))
  if (asked.length === 0) throw new Error(`--against: expected --rows ${comparable.join(' or ')}`)
  const other = await checkOut(options.against)
  try {
    await measureRows({ ...options, rows: rowsAgainst(other).filter(({ n }) => asked.includes(n)) })
  } finally {
    await other.remove()
  }
}

async function measureRows(options: Options): Promise<void> {
  const redis = await startRedisServer({ appendonly: 'yes', appendfsync: 'everysec' })
  try {
    const how = [...(await machine(redis.url)), settingsLine(options)]
    console.log(how.join('\n'))
    const context = contextOf(options, redis.url)
    const measured: Measured[] = []
    for (const row of options.rows) {
      context.progress(`row ${row.n}: ${row.name}\n`)
      measured.push({ row, outcome: await row.measure(context) })
    }
    console.log(`\n${reportText(measured)}`)
    if (options.report !== undefined) await writePage(options.report, measured, how)
    if (options.json) console.log(reportJson(measured))
  } finally {
    await redis.stop()
  }
}

function contextOf({ rounds, size, profile }: Options, redisUrl: string): Context {
  return {
    redisUrl,
    rounds,
    ...(profile !== undefined && { profileTo: resolve(profile) }),
    sized: (usual, least = 1) => Math.max(least, Math.round(usual * size)),
    progress: (text) => process.stderr.write(text),
  }
}

function rowHelp({ n, name, reachText }: Row): string {
  return `  ${String(n).padStart(2)}  ${name}: ${reachText}`
}

function settingsLine({ rounds, size }: Options): string {
  return `settings: ${rounds} rounds, size ${size}, Redis append-only everysec, noeviction`
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

function parseFactor(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('expected a number above 0')
  return value
}
