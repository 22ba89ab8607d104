import { ChatlaneError, chatView, findChats, fullChatView } from '@chatlane/core'
import { type Command, Option } from 'commander'
import { parseDuration } from '../duration.ts'
import { Failure } from '../failure.ts'
import { jsonOption, limitOption } from '../options.ts'
import { print } from '../output.ts'
import { withUponAI } from '../uponai.ts'
import { describeChat, tableOfChats } from './chat-pages.ts'

interface Options {
  json?: true
}

interface ListOptions extends Options {
  agent?: string
  status?: 'ongoing' | 'ended' | 'error'
  /** Milliseconds. */
  since?: number
  sort: 'ascending' | 'descending'
  limit: number
  cursor?: string
}

const DAY_MS = 86_400_000
const LONGEST = { ms: 730 * DAY_MS, text: '17520h', why: 'UponAI keeps no chat longer than two years' }

/** `chatlane chats …` */
export function addChats(program: Command): void {
  const group = program
    .command('chats')
    .description("UponAI's own records of chats, of whichever conversation or other client they are")
    .addHelpText(
      'after',
      `
Needs UPONAI_API_KEY and, with UPONAI_DIALECT=rest, UPONAI_WORKSPACE_ID; no Redis.

Example:
  $ chatlane chats list --since 2h`,
    )

  group
    .command('list')
    .description('list them by their start, the newest first')
    .option('--agent <id>', 'only those with this agent')
    .addOption(new Option('--status <status>', 'only those').choices(['ongoing', 'ended', 'error']))
    .addOption(
      new Option('--since <time>', 'only those that began since: 90s, 30m, 2h').argParser((text) =>
        parseDuration(text, LONGEST),
      ),
    )
    .addOption(
      new Option('--sort <order>', 'by their start').choices(['ascending', 'descending']).default('descending'),
    )
    .addOption(limitOption(50))
    .option('--cursor <cursor>', 'go on behind an earlier page')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
With --agent, --status or --since a page may hold fewer than --limit, or none, although there are more: in rest UponAI cannot be
asked for some of its chats, so they are looked through here.

Example:
  $ chatlane chats list --agent chat_agent_a --status ongoing`,
    )
    .action(list)

  group
    .command('get <chat>')
    .description('show one with what was said')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ chatlane chats get chat_1f0c…')
    .action(get)

  group
    .command('end <chat>')
    .description('end one at UponAI, at once')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
The usual way to end a conversation is POST /v1/conversations/{id}/end (docs/http.md): it waits for what is already queued.
This asks UponAI directly, past the conversation's lane: a message on its way may be refused by the chat, and the next one
opens a new chat.

Example:
  $ chatlane chats end chat_1f0c…`,
    )
    .action(end)

  group
    .command('delete <chat>')
    .description("delete UponAI's record of one, with what was said; rpc only")
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
It cannot be undone. Chatlane's own record of the conversation stays. If the chat is the open one of a conversation, the next
message opens a new chat.

Example:
  $ chatlane chats delete chat_1f0c…`,
    )
    .action(remove)

  group
    .command('rerun-analysis <chat>')
    .description('have one that is over analysed again; rpc only, and UponAI charges for it')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ chatlane chats rerun-analysis chat_1f0c…')
    .action(rerunAnalysis)
}

async function list(options: ListOptions): Promise<void> {
  const { agent, status, since, sort, limit, cursor } = options
  const filter = {
    agentId: agent,
    status,
    startedAfter: since === undefined ? undefined : new Date(Date.now() - since),
  }
  const { chats, next } = await withUponAI(async (uponai) => {
    try {
      return await findChats(uponai, { limit, sortOrder: sort, cursor, filter })
    } catch (error) {
      // All else on the command line was checked here.
      const refused = error instanceof ChatlaneError && error.code === 'UPONAI_REJECTED'
      if (refused && cursor !== undefined) throw new Failure('--cursor: expected what an earlier page gave', 64)
      throw error
    }
  })
  const items = chats.map(chatView)
  print(options, { items, next: next ?? null }, () => tableOfChats(items, next))
}

async function get(chat: string, options: Options): Promise<void> {
  const view = fullChatView(await withUponAI((uponai) => uponai.getChat(chat)))
  print(options, view, () => describeChat(view))
}

async function end(chatId: string, options: Options): Promise<void> {
  await withUponAI(async (uponai) => {
    // Ending also succeeds for a chat that is not there, or over.
    const before = await uponai.getChat(chatId)
    if (!before.over) await uponai.endChat(chatId)
    const { conversation_id } = chatView(before)
    const done = before.over ? 'was over already' : 'ended'
    print(options, { chat_id: chatId, conversation_id, ended: !before.over }, () => {
      return conversation_id === null ? done : `${done}; the next message of ${conversation_id} opens a new chat`
    })
  })
}

async function remove(chatId: string, options: Options): Promise<void> {
  await withUponAI((uponai) => uponai.deleteChat(chatId))
  print(options, { chat_id: chatId, deleted: true }, () => 'deleted')
}

async function rerunAnalysis(chatId: string, options: Options): Promise<void> {
  const chat = await withUponAI(async (uponai, { dialect }) => {
    if (dialect === 'rpc' && !(await uponai.getChat(chatId)).over) {
      throw new Failure('the chat goes on: only one that is over is analysed')
    }
    return uponai.rerunAnalysis(chatId)
  })
  const view = fullChatView(chat)
  print(options, view, () => describeChat(view))
}
