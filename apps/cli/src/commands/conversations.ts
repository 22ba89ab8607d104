import {
  ChatlaneError,
  type ConversationPatch,
  type Conversations,
  createUponAIClient,
  exitOnConfigError,
  isReservedVariable,
  requireUponai,
  updateLiveChat,
  watchRoutes,
} from '@chatlane/core'
import { type Command, Option } from 'commander'
import { readConfig, withContext } from '../context.ts'
import { conversationsOf } from '../conversations.ts'
import { Failure } from '../failure.ts'
import { jsonOption } from '../options.ts'
import { print } from '../output.ts'
import { uponaiFailure } from '../uponai-failure.ts'
import { metadataOption, variableOption } from './chat-options.ts'

interface Options {
  metadata?: Record<string, unknown>
  variable?: Record<string, string>
  withoutVariable?: string[]
  json?: true
}

/** `chatlane conversations …` */
export function addConversations(program: Command): void {
  program
    .command('conversations')
    .description('what the chats of a conversation are told')
    .addHelpText('after', '\nExample:\n  $ chatlane conversations update c0_… --variable order_status=shipped')
    .command('update <conversation>')
    .description('change metadata and dynamic variables, of the open chat and of those to come')
    .addOption(metadataOption())
    .addOption(variableOption())
    .addOption(
      new Option('--without-variable <name>', 'take a variable away; may be repeated').argParser(
        (name: string, before: string[] = []) => [...before, name],
      ),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
What is not named stays as it is; in --metadata null takes a name away. The change is stored in Redis first, and then made in the
open chat at UponAI (UPONAI_API_KEY is needed). Where that fails the command says so: run it again.

Examples:
  $ chatlane conversations update c0_… --variable order_status=shipped --variable carrier=UPS
  $ chatlane conversations update c0_… --metadata '{"ticket":17}' --without-variable coupon`,
    )
    .action(update)
}

async function update(id: string, options: Options): Promise<void> {
  const patch = patchOf(options)
  const config = readConfig()
  const access = exitOnConfigError(() => requireUponai(config))
  const routes = exitOnConfigError(() => watchRoutes(config.routesFile))
  const chatId = await withContext(config, async (context) => {
    const conversations = conversationsOf(context, routes)
    const conversation = await store(conversations, id, patch)
    const uponai = createUponAIClient({ ...access, connections: 1 })
    try {
      const live = await updateLiveChat({ uponai, conversations }, conversation, patch)
      if (live.status === 'unsettled') {
        throw new Failure(`${STORED}: a chat is being opened, or changed by somebody else. Run this again`, 75)
      }
      return live.status === 'updated' ? live.chatId : undefined
    } catch (error) {
      if (!(error instanceof ChatlaneError)) throw error
      const { message, exitCode } = uponaiFailure(error, access)
      throw new Failure(`${STORED}: ${message}`, exitCode)
    } finally {
      await uponai.close()
    }
  })
  print(options, { conversation_id: id, updated_chat_id: chatId ?? null }, () =>
    chatId === undefined ? 'stored for the next chat; none is open' : `stored, and ${chatId} has it`,
  )
}

const STORED = 'stored for the next chat, but the open one may not have it'

function patchOf({ metadata, variable, withoutVariable = [] }: Options): ConversationPatch {
  const taken = Object.fromEntries(withoutVariable.map((name) => [name, null]))
  const named = { ...variable, ...taken }
  const reserved = Object.keys(named).find(isReservedVariable)
  if (reserved !== undefined) {
    throw new Failure(`${reserved}: expected the name of a variable that Chatlane does not set itself`, 64)
  }
  const dynamicVariables = Object.keys(named).length > 0 ? named : undefined
  if (!metadata && !dynamicVariables) throw new Failure('expected --metadata, --variable or --without-variable', 64)
  return { metadata, dynamicVariables }
}

async function store(conversations: Conversations, id: string, patch: ConversationPatch) {
  const conversation = await conversations.find(id)
  const updated = conversation ? await conversations.update(conversation, patch) : { status: 'unknown' as const }
  if (updated.status === 'unknown') throw new Failure('there is no conversation with this id')
  if (updated.status === 'updated') return updated.conversation
  throw new Failure(`${updated.field}: expected at most ${updated.most} bytes with what is there already`)
}
