import { Command } from 'commander'
import { addBackfill } from './commands/backfill.ts'
import { addDeadLetters } from './commands/dead-letters.ts'

/** The whole command line; each group of commands adds itself. */
export function createProgram(): Command {
  const program = new Command('chatlane').description("Chatlane's command line for operators.").addHelpText(
    'after',
    `
It is configured by the environment of the processes (docs/configuration.md); most commands need REDIS_URL and REDIS_PREFIX
only. With --json a command prints one JSON value on standard output.

Exit codes: 0 done; 1 failed; 64 the command line was not understood; 75 stopped before its end, what to run next is said; 78
the environment cannot be used.

Example:
  $ chatlane dead-letters list --limit 10`,
  )
  addDeadLetters(program)
  addBackfill(program)
  return program
}
