import { Command } from 'commander'
import { addAgents } from './commands/agents.ts'
import { addBackfill } from './commands/backfill.ts'
import { addChats } from './commands/chats.ts'
import { addConversations } from './commands/conversations.ts'
import { addDeadLetters } from './commands/dead-letters.ts'
import { addLoad } from './commands/load.ts'
import { addOptOuts } from './commands/opt-outs.ts'
import { addPauses } from './commands/pauses.ts'
import { addRoutes } from './commands/routes.ts'
import { addSms } from './commands/sms.ts'
import { addWorkspace } from './commands/workspace.ts'

/** The whole command line; each group of commands adds itself. */
export function createProgram(): Command {
  const program = new Command('chatlane').description("Chatlane's command line for operators.").addHelpText(
    'after',
    `
It is configured by the environment of the processes (docs/configuration.md); most commands need REDIS_URL and REDIS_PREFIX
only. With --json a command prints one JSON value on standard output.

Exit codes: 0 done; 1 failed; 64 the command line was not understood; 75 stopped before its end, or UponAI cannot be asked right
now: what to run next is said; 78 the environment cannot be used, or UponAI refuses the credentials in it.

Example:
  $ chatlane dead-letters list --limit 10`,
  )
  addDeadLetters(program)
  addBackfill(program)
  addPauses(program)
  addRoutes(program)
  addConversations(program)
  addSms(program)
  addOptOuts(program)
  addAgents(program)
  addChats(program)
  addWorkspace(program)
  addLoad(program)
  return program
}
