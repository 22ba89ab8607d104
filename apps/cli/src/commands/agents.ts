import { agentView, type UponAIClient, versionView } from '@chatlane/core'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { jsonOption, limitOption } from '../options.ts'
import { print, say } from '../output.ts'
import { withUponAI } from '../uponai.ts'
import { fieldsFrom, withFields } from './agent-fields.ts'
import { describeAgent, tableOfAgents, tableOfVersions } from './agent-pages.ts'
import { tellNotTaken } from './not-taken.ts'

interface Options {
  json?: true
  version?: number
  newDraft?: true
}

/** A group's or a command's own words in its help. */
const NEEDS = `
Needs UPONAI_API_KEY and, with UPONAI_DIALECT=rest, UPONAI_WORKSPACE_ID; no Redis.`

/** `chatlane agents …` */
export function addAgents(program: Command): void {
  const group = program
    .command('agents')
    .description("UponAI's chat agents: look at them, make, change and publish them")
    .addHelpText('after', `${NEEDS}\n\nExample:\n  $ chatlane agents list`)

  group
    .command('list')
    .description('list them')
    .addOption(limitOption(50))
    .option('--cursor <cursor>', 'go on behind an earlier page')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nIn rest an agent may be there once for each version.\n\nExample:\n  $ chatlane agents list --limit 10',
    )
    .action(list)

  group
    .command('get <agent>')
    .description('show one')
    .addOption(versionOption('its newest version unless told otherwise'))
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ chatlane agents get chat_agent_a')
    .action((agent: string, options: Options) => get(agent, options))

  withFields(group.command('create'))
    .description('make one; it needs --agent-name and --llm-id or --response-engine (in rpc no name)')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Each option is a field of UponAI's; the word null empties it. What came back is shown, and what of it is not as it was sent.

Examples:
  $ chatlane agents create --agent-name "Front desk" --llm-id llm_1 --timezone Europe/Berlin
  $ chatlane agents create --from agent.json`,
    )
    .action(create)

  withFields(group.command('update <agent>'))
    .description('change its draft')
    .addOption(versionOption('this draft, in place of the newest'))
    .option('--new-draft', 'begin a draft from the newest version first (rpc): published ones do not change any more')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Each option is a field of UponAI's; the word null empties it. UponAI documents of rest only that agent_name, auto_close_message,
is_public and handbook_config can be changed: what did not take effect is said, and the exit code is 1.

Examples:
  $ chatlane agents update chat_agent_a --auto-close-message "Closing for now."
  $ chatlane agents update chat_agent_a --from change.json`,
    )
    .action(update)

  group
    .command('versions <agent>')
    .description('list its versions, the newest first')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ chatlane agents versions chat_agent_a')
    .action(versions)

  group
    .command('publish <agent>')
    .description('publish its draft')
    .addOption(versionOption('this draft, in place of the newest (rpc)'))
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ chatlane agents publish chat_agent_a')
    .action((agent: string, options: Options) => publish(agent, options))
}

function versionOption(description: string): Option {
  return new Option('--version <n>', description).argParser(parseVersion)
}

async function list(options: Options & { limit: number; cursor?: string }): Promise<void> {
  const { agents, next } = await withUponAI((uponai) =>
    uponai.listAgents({ limit: options.limit, cursor: options.cursor }),
  )
  const items = agents.map(agentView)
  print(options, { items, next: next ?? null }, () => tableOfAgents(items, next))
}

async function get(agent: string, options: Options): Promise<void> {
  show(options, await withUponAI((uponai) => uponai.getAgent(agent, { version: options.version })))
}

async function create(options: Options): Promise<void> {
  await withUponAI(async (uponai, { dialect }) => {
    const sent = fieldsFrom({ ...options }, dialect)
    const made = await uponai.createAgent(sent)
    show(options, made)
    tellNotTaken(sent, made.fields)
  })
}

async function update(agent: string, options: Options): Promise<void> {
  await withUponAI(async (uponai, { dialect }) => {
    const sent = fieldsFrom({ ...options }, dialect)
    const version = options.newDraft ? await newDraft(uponai, agent) : options.version
    const changed = await uponai.updateAgent(agent, sent, { version })
    show(options, changed)
    tellNotTaken(sent, changed.fields)
  })
}

async function newDraft(uponai: UponAIClient, agent: string): Promise<number | undefined> {
  const { version } = await uponai.getAgent(agent)
  const draft = await uponai.draftAgent(agent, version ?? 0)
  say(`chatlane: draft ${draft.version} begun, like version ${version}`)
  return draft.version
}

async function versions(agent: string, options: Options): Promise<void> {
  const items = (await withUponAI((uponai) => uponai.agentVersions(agent))).map(versionView)
  print(options, { items }, () => tableOfVersions(items))
}

async function publish(agent: string, options: Options): Promise<void> {
  show(options, await withUponAI((uponai) => uponai.publishAgent(agent, { version: options.version })))
}

function show(options: Options, agent: Parameters<typeof agentView>[0]): void {
  const view = agentView(agent)
  print(options, view, () => describeAgent(view))
}

function parseVersion(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected the number of a version')
  return Number(text)
}
