import { inspect } from 'node:util'
import { ChatlaneError, isRedisUnavailable, textForTerminal, UnreadableRecordError } from '@chatlane/core'
import { type Command, CommanderError } from 'commander'
import { Failure } from './failure.ts'
import { say } from './output.ts'

/** sysexits.h: EX_USAGE. */
const exitCodeForUsage = 64

/** Parses the command line, runs the command, and sets the exit code. */
export async function run(program: Command): Promise<void> {
  // A reader that has seen enough (`| head`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
  for (const command of everyCommand(program)) {
    command.exitOverride().showHelpAfterError('(--help tells more)')
    command.configureOutput({ writeErr: (text) => process.stderr.write(textForTerminal(text)) })
  }
  try {
    await program.parseAsync()
  } catch (error) {
    process.exitCode = tell(error)
  }
}

/** Says on stderr what went wrong; gives the exit code. */
function tell(error: unknown): number {
  // commander has said it already; its help ends with an error, too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodeForUsage
  if (error instanceof Failure) {
    say(`chatlane: ${error.message}`)
    return error.exitCode
  }
  if (isRedisUnavailable(error)) {
    say(`chatlane: Redis went away: ${error instanceof Error ? error.message : String(error)}`)
    return 1
  }
  if (error instanceof ChatlaneError) {
    const { code, message } = error
    say(`chatlane: ${code}: ${message}; see docs/errors.md#${code.toLowerCase()}`)
    return 1
  }
  if (error instanceof UnreadableRecordError) {
    say(`chatlane: ${error.message}; see docs/upgrading.md#what-cannot-be-read`)
    return 1
  }
  // Nobody foresaw it: where it happened is all there is to go by.
  say(inspect(error))
  return 1
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)]
}
