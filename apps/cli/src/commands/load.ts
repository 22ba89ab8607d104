import { randomInt } from 'node:crypto'
import { type Command, Option } from 'commander'
import { readConfig } from '../context.ts'
import { progressOn } from '../load/progress.ts'
import { prepareReport } from '../load/report/file.ts'
import { runLoad } from '../load/run.ts'
import { jsonOption } from '../options.ts'
import { print, say } from '../output.ts'
import { parseBurst, parseNumbers, parseSpan, parseThink, parseUrls, positive, range, whole } from './load-formats.ts'
import { pageOfLoad, viewOfLoad } from './load-pages.ts'
import { type LoadOptions, settingsOf } from './load-settings.ts'

/** A conversation keeps its last thousand entries, of which a message makes up to six: all of it can be checked. */
const MOST_MESSAGES = 100

/** `chatlane load` */
export function addLoad(program: Command): void {
  program
    .command('load')
    .description('write to a running deployment as many people would, and check every message afterwards')
    .addOption(option('--url <urls>', 'the apis, separated by commas; default: http://127.0.0.1:API_PORT', parseUrls))
    .addOption(option('--seconds <n>', 'how long to write (default: 60)', positive(86_400)).conflicts('minutes'))
    .addOption(option('--minutes <n>', 'the same in minutes', positive(1_440)))
    .addOption(
      option('--rate <n>', 'messages per second (default: 5)', positive(10_000)).conflicts(['conversations', 'people']),
    )
    .addOption(
      option('--conversations <n>', 'instead: new conversations per second', positive(10_000)).conflicts('people'),
    )
    .addOption(option('--people <n>', 'instead: how many people write at the same time', whole(1, 100_000)))
    .addOption(
      option(
        '--messages <n>',
        `messages per person: 5, or 1-10; 1 to ${MOST_MESSAGES}`,
        range(1, MOST_MESSAGES),
      ).default({ least: 5, most: 5 }, '5'),
    )
    .addOption(
      option(
        '--think <time>',
        'between two messages of a person: exponential:8s (a mean), uniform:2s-15s, fixed:5s',
        parseThink,
      ).default({ kind: 'exponential', meanMs: 8_000 }, 'exponential:8s'),
    )
    .addOption(option('--burst <burst>', 'bursts: 5x10s/60s is five times as fast in 10 s of every 60 s', parseBurst))
    .addOption(option('--sms-share <percent>', 'people who write by SMS, of a hundred', whole(0, 100)).default(0))
    .option('--yes-send-sms', 'yes, the deployment may answer by SMS; see below')
    .addOption(
      option('--number <numbers>', 'our numbers, written to in turn; default: those of the routes file', parseNumbers),
    )
    .addOption(
      new Option('--agent <id>', 'who answers on the web; default: the first web route of the routes file').conflicts(
        'publicKey',
      ),
    )
    .option('--public-key <key>', 'instead: the web route with this key')
    .addOption(
      option('--text-length <n>', 'characters per text: 80, or 20-160', range(1, 8_000)).default(
        { least: 20, most: 160 },
        '20-160',
      ),
    )
    .addOption(option('--seed <n>', 'makes the same plan again; default: a new one, printed', whole(0, 99_999_999)))
    .addOption(new Option('--expect <what>', 'what agents answer: with echo, "echo: t" to t').choices(['echo']))
    .addOption(option('--timeout <time>', 'how long to wait for the last answers', parseSpan).default(60_000, '60s'))
    .option('--report <file>', 'where to write the report, an HTML page', 'load-report.html')
    .option('--no-report', 'write no report')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Needs API_KEYS, of which the first is used, and for SMS TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and PUBLIC_URL: those of the api. No
Redis. Messages are sent when they are planned, whatever the deployment does, and their latency counts from there.

Everything is real: agents answer and cost what they cost. SMS come from invented numbers that nobody can have, +15000000000 to
+15000999999, and the deployment has its Twilio account send the answers there, unless it talks to the sandbox: hence
--yes-send-sms.

Ctrl-C stops writing; what was accepted is checked all the same. Again: at once, without a report.

Exit code 0: every accepted message is there once, in order, with its end. 1: not so, nothing was answered, or the deployment
could not be used.

Examples:
  $ chatlane load --rate 20 --minutes 5 --expect echo
  $ chatlane load --people 500 --messages 3-8 --think uniform:2s-15s --burst 5x10s/60s
  $ chatlane load --sms-share 50 --yes-send-sms --number +15005550006 --report load.html`,
    )
    .action(load)
}

async function load(options: LoadOptions & { report: string | false; json?: true }): Promise<void> {
  const settings = settingsOf(options, readConfig(), randomInt(99_999_999))
  const report = options.report === false ? undefined : prepareReport(options.report)
  const stop = new AbortController()
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(130)
    // Behind a bar, on a line of its own.
    say('\nstopping: what was accepted is checked; again to leave at once')
    stop.abort()
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  try {
    say(`seed ${settings.seed}`)
    const result = await runLoad(settings, progressOn(process.stderr), stop.signal)
    await report?.write(result)
    print(options, viewOfLoad(result, report?.file), () => pageOfLoad(result, report?.file))
    if (!result.ok) process.exitCode = 1
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  }
}

function option<T>(flags: string, description: string, parse: (text: string) => T): Option {
  return new Option(flags, description).argParser(parse)
}
