import {
  ConversationDeadLetters,
  type DeadLetterFilter,
  deadLetterView,
  fullDeadLetterView,
  isDeadLetterCursor,
} from '@chatlane/core'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { readConfig, withContext } from '../context.ts'
import { Failure } from '../failure.ts'
import { jsonOption, limitOption } from '../options.ts'
import { print, say } from '../output.ts'
import { describeLetter, tableOfLetters } from './dead-letter-pages.ts'

interface Options extends FilterOptions {
  json?: true
  all?: true
  force?: true
  yes?: true
}

interface FilterOptions {
  reason?: string
  kind?: string
  conversation?: string
}

/** `chatlane dead-letters …` */
export function addDeadLetters(program: Command): void {
  const group = program
    .command('dead-letters')
    .description('messages, deliveries, webhooks and other work that was given up; kept for 30 days')
    .addHelpText('after', '\nExample:\n  $ chatlane dead-letters list --reason attempts_exhausted')

  filtered(group.command('list'))
    .description('list them, the newest first')
    .addOption(limitOption(50))
    .addOption(new Option('--cursor <cursor>', 'go on behind an earlier page').argParser(parseCursor))
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ chatlane dead-letters list --kind delivery --limit 10')
    .action(list)

  group
    .command('show <id>')
    .description('show one with the tries that failed and the last messages of its conversation')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ chatlane dead-letters show YzBfNmo…')
    .action(show)

  filtered(group.command('replay [ids...]'))
    .description('put them into their lanes again, with their ids and all their tries')
    .option('--all', 'all of them, or all that fit; in the order in which they were given up')
    .option('--force', 'also those whose text may have been said or sent already: it may arrive twice')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
A replayed message goes to the end of its conversation's lane: it is answered after what was said since. If it fails again
it is a dead letter again, and the person gets the route's failure text again.
Where the outcome of the last try is not known, the text may have reached the agent or the phone: such letters are left
as they are without --force.

Examples:
  $ chatlane dead-letters replay YzBfNmo…
  $ chatlane dead-letters replay --all --reason attempts_exhausted`,
    )
    .action(replay)

  filtered(group.command('remove [ids...]'))
    .description('remove them for good')
    .option('--all', 'all of them, or all that fit; needs --yes')
    .option('--yes', 'yes, all of them')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ chatlane dead-letters remove YzBfNmo…
  $ chatlane dead-letters remove --all --reason uponai_rejected --yes`,
    )
    .action(remove)
}

function filtered(command: Command): Command {
  return command
    .option('--reason <reason>', 'only those given up for this reason')
    .option('--kind <kind>', 'only these: message, delivery, webhook, open, close, end')
    .option('--conversation <id>', 'only those of this conversation')
}

async function list(options: Options & { limit: number; cursor?: string }): Promise<void> {
  const { limit, cursor } = options
  await withDeadLetters(async (deadLetters) => {
    const query = { ...filterOf(options), limit, ...(cursor !== undefined && { cursor }) }
    const { letters, next } = await deadLetters.list(query)
    const items = letters.map(deadLetterView)
    print(options, { items, next: next ?? null }, () => tableOfLetters(items, next))
  })
}

async function show(id: string, options: Options): Promise<void> {
  await withDeadLetters(async (deadLetters) => {
    const letter = await deadLetters.get(id)
    if (!letter) throw new Failure(notFound(id))
    const view = fullDeadLetterView(letter)
    print(options, view, () => describeLetter(view))
  })
}

async function replay(ids: string[], options: Options): Promise<void> {
  checkChoice(ids, options)
  const force = options.force === true
  await withDeadLetters(async (deadLetters) => {
    const count = { replayed: 0, may_repeat: 0, not_found: 0, unreadable: 0 }
    if (options.all) {
      const { replayed, mayRepeat } = await deadLetters.replayAll(filterOf(options), { force })
      Object.assign(count, { replayed, may_repeat: mayRepeat })
    }
    for (const id of ids) {
      const { status } = await deadLetters.replay(id, { force })
      count[status]++
      if (status === 'not_found') say(`chatlane: ${notFound(id)}`)
      if (status === 'unreadable') say(`chatlane: ${id} cannot be read: it can be removed`)
      if (status === 'may_repeat') say(`chatlane: ${id} may have taken effect: it is left as it is`)
    }
    const left = count.may_repeat === 0 ? '' : `, ${count.may_repeat} left that may have taken effect (--force)`
    print(options, count, () => `${count.replayed} replayed${left}`)
    if (count.not_found + count.unreadable > 0 || (!options.all && count.may_repeat > 0)) process.exitCode = 1
  })
}

async function remove(ids: string[], options: Options): Promise<void> {
  checkChoice(ids, options)
  if (options.all && !options.yes) throw new Failure('--all removes for good what cannot be had back: add --yes', 64)
  await withDeadLetters(async (deadLetters) => {
    const count = { removed: 0, not_found: 0 }
    if (options.all) count.removed = await deadLetters.removeAll(filterOf(options))
    for (const id of ids) {
      const removed = await deadLetters.remove(id)
      count[removed ? 'removed' : 'not_found']++
      if (!removed) say(`chatlane: ${notFound(id)}`)
    }
    print(options, count, () => `${count.removed} removed`)
    if (count.not_found > 0) process.exitCode = 1
  })
}

/** Either ids or --all, which alone can be narrowed down. */
function checkChoice(ids: string[], options: Options): void {
  const chosen = Object.keys(filterOf(options)).length > 0
  if (options.all ? ids.length > 0 : ids.length === 0 || chosen) {
    throw new Failure('expected either ids, or --all with or without --reason, --kind and --conversation', 64)
  }
}

function filterOf({ reason, kind, conversation }: FilterOptions): DeadLetterFilter {
  return {
    ...(reason !== undefined && { reason }),
    ...(kind !== undefined && { kind }),
    ...(conversation !== undefined && { conversationId: conversation }),
  }
}

function withDeadLetters(work: (deadLetters: ConversationDeadLetters) => Promise<void>): Promise<void> {
  return withContext(readConfig(), (context) => work(new ConversationDeadLetters(context)))
}

function notFound(id: string): string {
  return `there is no dead letter ${id}: it was replayed or removed, or its 30 days are over`
}

function parseCursor(text: string): string {
  if (!isDeadLetterCursor(text)) throw new InvalidArgumentError('expected what an earlier list gave as its next')
  return text
}
