import {
  type Conversations,
  exitOnConfigError,
  isOptOutCursor,
  OptOuts,
  optOutView,
  type Pair,
  personAt,
  type Recipient,
  watchRoutes,
} from '@chatlane/core'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { readConfig, withContext } from '../context.ts'
import { conversationsOf } from '../conversations.ts'
import { Failure } from '../failure.ts'
import { jsonOption, limitOption } from '../options.ts'
import { print, table, time } from '../output.ts'

interface Options {
  from?: string
  json?: true
}

/** `chatlane optouts …` */
export function addOptOuts(program: Command): void {
  const group = program
    .command('optouts')
    .description('people who want no more messages, each from whom; kept until it is lifted')
    .addHelpText('after', '\nExample:\n  $ chatlane optouts list')

  group
    .command('list')
    .description('list them, in no order')
    .addOption(limitOption(50))
    .addOption(new Option('--cursor <cursor>', 'go on behind an earlier page').argParser(parseCursor))
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ chatlane optouts list --limit 10')
    .action(list)

  changing(group.command('add'))
    .description('send a person nothing more')
    .addHelpText(
      'after',
      `
What waits to be sent is not sent. Only the person's START lifts it, or chatlane optouts remove.

Examples:
  $ chatlane optouts add +14155550123
  $ chatlane optouts add whatsapp:+14155550123 --from whatsapp:+15005550006`,
    )
    .action((person: Recipient, options: Options) => change(person, options, 'add'))

  changing(group.command('remove'))
    .description('lift an opt-out, because the person asked for it')
    .addHelpText(
      'after',
      `
It is lifted here only. A person who wrote STOP is blocked by Twilio as well, until they write START: what is sent to them
before that is refused (21610), and they are opted out again.

Example:
  $ chatlane optouts remove +14155550123 --from MG00112233445566778899aabbccddeeff`,
    )
    .action((person: Recipient, options: Options) => change(person, options, 'remove'))
}

function changing(command: Command): Command {
  return command
    .argument('<number>', 'the person: +14155550123 or whatsapp:+14155550123', parsePerson)
    .option('--from <sender>', 'a sender or messaging_service_sid; default: all of the routes file (CHATLANE_CONFIG)')
    .addOption(jsonOption())
}

async function list({ limit, cursor, ...options }: Options & { limit: number; cursor?: string }): Promise<void> {
  await withContext(readConfig(), async ({ redis, prefix }) => {
    const optOuts = new OptOuts(redis, prefix)
    const query = { limit, ...(cursor !== undefined && { cursor }) }
    const [{ optOuts: found, next }, count] = await Promise.all([optOuts.list(query), optOuts.count()])
    const items = found.map(optOutView)
    print(options, { items, next: next ?? null, count }, () => {
      if (items.length === 0) return count === 0 ? 'nobody has opted out' : 'no more'
      const rows = items.map(({ at, by, participant, sender }) => [
        at === null ? UNREADABLE : time(at),
        by ?? UNREADABLE,
        participant,
        sender,
      ])
      const more = next === undefined ? [] : [`More: --cursor ${next}`]
      return [table(['SINCE', 'SAID BY', 'PERSON', 'SENDER'], rows), `${count} in all`, ...more].join('\n')
    })
  })
}

async function change(person: Recipient, options: Options, what: 'add' | 'remove'): Promise<void> {
  const config = readConfig()
  const routes = exitOnConfigError(() => watchRoutes(config.routesFile))
  await withContext(config, async (context) => {
    const conversations = conversationsOf(context, routes)
    const items: { participant: string; sender: string; changed: boolean }[] = []
    for (const pair of await pairsOf(conversations, person, options.from)) {
      const changed = await (what === 'add' ? conversations.optOut(pair, 'operator') : conversations.optIn(pair))
      items.push({ ...pair, changed })
    }
    print(options, { items }, () =>
      table(
        ['PERSON', 'SENDER', ''],
        items.map(({ participant, sender, changed }) => [participant, sender, changed ? DONE[what] : NOTHING[what]]),
      ),
    )
  })
}

/** Stored by nobody that we know; the opt-out holds. */
const UNREADABLE = 'cannot be read'

const DONE = { add: 'opted out', remove: 'lifted' }
const NOTHING = { add: 'was opted out already', remove: 'was not opted out' }

/** Who is meant: the person and the sender, or all senders that there are for them. */
async function pairsOf(conversations: Conversations, person: Recipient, from: string | undefined): Promise<Pair[]> {
  const pairs = await conversations.optOutPairs(person, from)
  if (!pairs) throw new Failure('--from: expected a sender, such as +15005550006, or MG and 32 hexadecimal digits', 64)
  if (pairs.length === 0)
    throw new Failure(
      `the routes file has no sender for ${person.channel}: see CHATLANE_CONFIG, or name one with --from`,
    )
  return pairs
}

function parsePerson(text: string): Recipient {
  const person = personAt(text)
  if (!person) {
    throw new InvalidArgumentError('expected a number that exists, such as +14155550123 or whatsapp:+14155550123')
  }
  return person
}

function parseCursor(text: string): string {
  if (!isOptOutCursor(text)) throw new InvalidArgumentError('expected what an earlier list gave as its next')
  return text
}
