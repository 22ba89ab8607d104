import {
  type AgentVersionRef,
  exitOnConfigError,
  loadDialect,
  outboundRecipient,
  type Recipient,
  reasonText,
  type SentOut,
  watchRoutes,
} from '@chatlane/core'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { readConfig, withContext } from '../context.ts'
import { conversationsOf } from '../conversations.ts'
import { Failure } from '../failure.ts'
import { jsonOption } from '../options.ts'
import { list, print } from '../output.ts'
import { agentVersionOption, metadataOption, variableOption } from './chat-options.ts'

interface Options {
  to: Recipient
  from?: string
  text?: string
  agentOpens?: true
  agent?: string
  agentVersion?: AgentVersionRef
  metadata?: Record<string, unknown>
  variable?: Record<string, string>
  key?: string
  json?: true
}

/** `chatlane sms …` */
export function addSms(program: Command): void {
  const group = program
    .command('sms')
    .description('text messages (SMS, WhatsApp) to people who have not written')
    .addHelpText('after', '\nExample:\n  $ chatlane sms send --to +14155550123 --text "Your table is free now."')

  group
    .command('send')
    .description('write to a person first, or go on in the conversation with them')
    .addOption(
      new Option('--to <number>', 'whom to: +14155550123 or whatsapp:+14155550123')
        .argParser(parseRecipient)
        .makeOptionMandatory(),
    )
    .option('--text <text>', 'what to send, as it is; the agent knows it when the person answers')
    .addOption(new Option('--agent-opens', "send the agent's greeting").conflicts('text'))
    .option('--from <sender>', 'a sender or messaging_service_sid of the routes file; default: see below')
    .option('--agent <id>', "instead of the route's outbound agent")
    .addOption(agentVersionOption())
    .addOption(metadataOption())
    .addOption(variableOption())
    .option('--key <key>', 'names the message: with the same key it is sent once within a day')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
It works on the deployment itself (Redis and the routes file, CHATLANE_CONFIG), no api is needed; a worker sends. Without
--from the message comes from whom the person is in conversation with, or else from the first sender of the routes file.

Exit code 1: the person has opted out, the number cannot be reached, there is no such sender.

Examples:
  $ chatlane sms send --to +14155550123 --text "Your table is free now." --key table-17
  $ chatlane sms send --to +14155550123 --agent-opens --agent chat_agent_c --variable name=Ana`,
    )
    .action(send)
}

async function send(options: Options): Promise<void> {
  const { text, key } = options
  if ((text === undefined) !== (options.agentOpens === true))
    throw new Failure('expected either --text or --agent-opens', 64)
  if (text?.trim() === '') throw new Failure('--text: expected a text that is not blank', 64)
  if (options.agentVersion !== undefined) demandVersions(options)
  const config = readConfig()
  const routes = exitOnConfigError(() => watchRoutes(config.routesFile))
  const sent = await withContext(config, (context) =>
    conversationsOf(context, routes).sendOut({
      ...options.to,
      text,
      key,
      from: options.from,
      agentId: options.agent,
      agentVersion: options.agentVersion,
      metadata: options.metadata,
      dynamicVariables: options.variable,
    }),
  )
  const { conversationId, messageId, status } = taken(sent, options)
  const view = { conversation_id: conversationId, message_id: messageId, duplicate: status === 'duplicate' }
  print(options, view, () =>
    list([
      ['conversation', conversationId],
      ['message', status === 'duplicate' ? `${messageId} (was sent before with this key)` : messageId],
    ]),
  )
}

/** @throws Failure where no version can be asked for */
function demandVersions({ agent }: Options): void {
  if (agent === undefined) throw new Failure('--agent-version: expected only with --agent', 64)
  if (exitOnConfigError(() => loadDialect(process.env)) === 'rest')
    throw new Failure('--agent-version: with UPONAI_DIALECT=rest a version cannot be named, only with rpc', 64)
}

/** @throws Failure for what is not sent */
function taken(sent: SentOut, { from }: Options) {
  switch (sent.status) {
    case 'accepted':
    case 'duplicate':
      return sent
    case 'conflict':
      throw new Failure('--key: another text was sent to this person with it')
    case 'opted_out':
      throw new Failure('the person has opted out of messages of this sender; see chatlane optouts --help')
    case 'unreachable':
      throw new Failure(`--to: messages to it failed: ${reasonText(sent.reason) ?? sent.reason}`)
    case 'no_sender':
      throw new Failure(
        from === undefined
          ? 'the routes file has no sender for this channel; see CHATLANE_CONFIG'
          : '--from: expected a sender or messaging_service_sid of the routes file that is good for this channel',
      )
    case 'full':
      throw new Failure('too many messages to this person wait to be sent: try again later')
  }
}

function parseRecipient(text: string): Recipient {
  const recipient = outboundRecipient(text)
  if ('problem' in recipient) throw new InvalidArgumentError(recipient.problem)
  return recipient
}
