import {
  type BackfillCounts,
  type BackfillReport,
  backfill,
  createSmsInbox,
  exitOnConfigError,
  LONGEST_LOOK_BACK_MS,
  requireTwilio,
  SmsError,
  watchRoutes,
} from '@chatlane/core'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { readConfig, withContext } from '../context.ts'
import { conversationsOf } from '../conversations.ts'
import { formatDuration, parseDuration } from '../duration.ts'
import { Failure } from '../failure.ts'
import { jsonOption } from '../options.ts'
import { print, table, time } from '../output.ts'

interface Options {
  /** Milliseconds. */
  since: number
  limit: number
  dryRun?: true
  json?: true
}

const LONGEST = {
  ms: LONGEST_LOOK_BACK_MS,
  text: '23h',
  why: 'which messages were taken is remembered for 24 hours; older ones would be answered a second time',
}

/** sysexits.h: EX_TEMPFAIL. Nothing failed, but there is more to take in. */
const exitCodeForStopped = 75

/** `chatlane backfill` */
export function addBackfill(program: Command): void {
  program
    .command('backfill')
    .description("take in the messages whose webhooks were missed, from Twilio's list of messages")
    .addOption(
      new Option('--since <time>', 'how far to look back: 90s, 30m, 2h; at most 23h')
        .argParser((text) => parseDuration(text, LONGEST))
        .makeOptionMandatory(),
    )
    .option('--dry-run', 'only show what would be taken in')
    .addOption(
      new Option('--limit <n>', 'how many messages of the account, in and out, to list; a request to Twilio lists 1000')
        .argParser(parseLimit)
        .default(50_000),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Needs TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN (or TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET) and the routes file of the
processes. What the api has taken is not taken again, also while it runs. Messages come in behind those that their
conversations have by now.

Exit code 75: it was stopped before the end, by --limit or by conversations that have too many unanswered messages; it says
with which --since to go on (with --json: "stopped_by" and "until").

Examples:
  $ chatlane backfill --since 2h --dry-run
  $ chatlane backfill --since 2h`,
    )
    .action(run)
}

async function run(options: Options): Promise<void> {
  const config = readConfig()
  const { twilio, routes } = exitOnConfigError(() => ({
    twilio: requireTwilio(config),
    routes: watchRoutes(config.routesFile),
  }))
  if (routes.current.sms.length === 0)
    throw new Failure('expected the routes file to have an SMS route, or no message is ours; see CHATLANE_CONFIG')
  const report = await withContext(config, async (context) => {
    try {
      return await backfill({
        conversations: conversationsOf(context, routes),
        routes,
        inbox: createSmsInbox(twilio),
        since: Date.now() - options.since,
        most: options.limit,
        dryRun: options.dryRun === true,
      })
    } catch (error) {
      if (error instanceof SmsError) throw new Failure(`${error.message}. Run it again: nothing is taken twice`)
      throw error
    }
  })
  print(options, viewOf(report, options), () => pageOf(report, options))
  if (report.stoppedBy !== undefined) process.exitCode = exitCodeForStopped
}

function viewOf({ since, until, stoppedBy, looked, numbers, total }: BackfillReport, { dryRun }: Options) {
  return {
    since,
    until,
    stopped_by: stoppedBy ?? null,
    dry_run: dryRun === true,
    looked,
    total: countsView(total),
    numbers: numbers.map(({ number, ...counts }) => ({ number, ...countsView(counts) })),
  }
}

function countsView({ notOurs, ...counts }: BackfillCounts) {
  return { ...counts, not_ours: notOurs }
}

function pageOf(report: BackfillReport, { dryRun }: Options): string {
  const { since, numbers, total, looked } = report
  const accepted = dryRun ? 'WOULD BE ACCEPTED' : 'ACCEPTED'
  const head = ['NUMBER', 'FOUND', 'ALREADY SEEN', accepted, 'NOT OURS', 'LEFT']
  const row = (name: string, { found, seen, accepted, notOurs, left }: BackfillCounts) => [
    name,
    ...[found, seen, accepted, notOurs, left].map(String),
  ]
  const rows = [...numbers.map((counts) => row(counts.number, counts)), row('all', total)]
  const found = total.found === 0 ? 'no messages' : table(head, rows)
  return [`since ${time(since.toISOString())}, ${looked} messages listed`, found, ...hints(report)].join('\n')
}

function hints({ until, stoppedBy, total }: BackfillReport): string[] {
  // A minute more: what was taken is not taken again.
  const again = `--since ${formatDuration(Math.min(Date.now() - until.getTime() + 60_000, LONGEST_LOOK_BACK_MS))}`
  const hints: string[] = []
  if (total.notOurs > 0)
    hints.push('Not ours: the routes file has no route for the address. Add one and run it again, or leave it so.')
  if (stoppedBy === 'most')
    hints.push(`Stopped at ${time(until.toISOString())}: --limit was reached. For the rest: ${again}`)
  if (total.left > 0)
    hints.push(`Left: their conversations have too many unanswered messages. When those are answered: ${again}`)
  return hints
}

function parseLimit(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number above 0')
  return value
}
