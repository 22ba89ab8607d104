import { concurrencyView } from '@chatlane/core'
import type { Command } from 'commander'
import { jsonOption } from '../options.ts'
import { list, print } from '../output.ts'
import { withUponAI } from '../uponai.ts'

/** `chatlane workspace` */
export function addWorkspace(program: Command): void {
  program
    .command('workspace')
    .description('which workspace of UponAI it is, and how many calls it has and may have at a time')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
The numbers are of voice calls: UponAI states no limit for chats. It is a quick way to see whether the credentials are good.
Needs UPONAI_API_KEY and, with UPONAI_DIALECT=rest, UPONAI_WORKSPACE_ID; no Redis.

Example:
  $ chatlane workspace`,
    )
    .action(show)
}

async function show(options: { json?: true }): Promise<void> {
  await withUponAI(async (uponai, { baseUrl, dialect, workspaceId }) => {
    const concurrency = concurrencyView(await uponai.concurrency())
    // In rpc the key decides.
    const workspace_id = (dialect === 'rest' && workspaceId) || null
    const workspace = { base_url: baseUrl, dialect, workspace_id, concurrency }
    print(options, workspace, () =>
      list([
        ['UponAI', `${baseUrl} (${dialect})`],
        ...(workspace_id === null ? [] : [['workspace', String(workspace_id)] as const]),
        ['calls now', `${concurrency.current ?? 'unknown'}`],
        ['calls at most', `${concurrency.limit ?? 'unknown'}`],
        ...further(concurrency),
      ]),
    )
  })
}

function further({ limit: _limit, current: _current, ...more }: ReturnType<typeof concurrencyView>) {
  return Object.entries(more).flatMap(([name, value]) =>
    value === null ? [] : [[name.replaceAll('_', ' '), String(value)] as const],
  )
}
