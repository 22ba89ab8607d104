import { listPauses, type PauseView } from '@chatlane/core'
import type { Command } from 'commander'
import { readConfig, withContext } from '../context.ts'
import { jsonOption } from '../options.ts'
import { print, table, time } from '../output.ts'

interface Options {
  json?: true
}

/** `chatlane pauses` */
export function addPauses(program: Command): void {
  program
    .command('pauses')
    .description('what sends nothing for now: why, since when, until when, and how many conversations wait')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ chatlane pauses')
    .action(list)
}

async function list(options: Options): Promise<void> {
  await withContext(readConfig(), async ({ lanes, deliveries, webhooks, prefix }) => {
    const pauses = await listPauses({ uponai: lanes, twilio: deliveries, webhooks }, prefix)
    print(options, pauses, () => {
      if (pauses.items.length === 0) return 'nothing pauses'
      return table(['WHAT', 'SINCE', 'UNTIL', 'WAITING', 'WHY'], pauses.items.map(row))
    })
  })
}

function row({ provider, sender, country, since, until, waiting, reason, reason_text, more }: PauseView): string[] {
  const what = sender === null ? `all of ${provider}` : `${sender}${country === null ? '' : ` to ${country}`}`
  const why = `${reason}: ${reason_text}${more === null ? '' : ` ${more.url}`}`
  return [what, time(since), until === null ? 'it is mended' : time(until), String(waiting), why]
}
