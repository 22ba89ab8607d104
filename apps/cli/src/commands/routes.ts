import {
  chooseAgent,
  type EffectiveRoute,
  effectiveRoutes,
  exitOnConfigError,
  isTwilioAddress,
  loadDialect,
  RoutesError,
  watchRoutes,
} from '@chatlane/core'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { readConfig } from '../context.ts'
import { Failure } from '../failure.ts'
import { jsonOption } from '../options.ts'
import { print } from '../output.ts'
import { type Chosen, pageOfAgents, pageOfRoutes } from './routes-pages.ts'

/** sysexits.h: EX_CONFIG; what a process that is given such a file ends with. */
const exitCodeForBadFile = 78

interface ShowOptions {
  json?: true
  address?: string
  service?: string
  publicKey?: string
  participant?: string
}

/** `chatlane routes …` */
export function addRoutes(program: Command): void {
  const group = program
    .command('routes')
    .description('the routes file: which agent answers where')
    .addHelpText('after', '\nExample:\n  $ chatlane routes check chatlane.yaml')

  group
    .command('check [file]')
    .description('check a routes file, or the one of the processes; running processes notice nothing')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
What processes would say of it: an agent_version needs UPONAI_DIALECT=rpc, here too. Whether agents and versions exist is not asked;
workers do, and warn.

Exit code 0: it can be used. 78: it cannot; every problem is told with its line and its key. 1: no file was named, and the
processes have none.

Example:
  $ chatlane routes check chatlane.yaml && kill -HUP <pid of each api and worker>`,
    )
    .action(check)

  group
    .command('show')
    .description('show the routes with all their settings, also those that the file leaves out')
    .addOption(new Option('--address <address>', 'only the route of this address of ours').argParser(parseAddress))
    .addOption(
      new Option('--service <sid>', 'only the route of this Messaging Service, or of --address in it').argParser(
        parseService,
      ),
    )
    .addOption(new Option('--public-key <key>', 'only the route of this web key').conflicts(['address', 'service']))
    .addOption(
      new Option('--participant <address>', 'who would answer this person')
        .argParser(parseAddress)
        .conflicts('publicKey'),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
It reads the routes file only. Someone who has a conversation already keeps its agent, whatever the weights are now.

Examples:
  $ chatlane routes show
  $ chatlane routes show --address +15005550006 --participant +15005550001`,
    )
    .action(show)
}

function check(file: string | undefined, options: { json?: true }): void {
  const name = file ?? fileOf(readConfig())
  const dialect = exitOnConfigError(() => loadDialect(process.env))
  try {
    const { sms, web } = watchRoutes(name, dialect).current
    const found = { file: name, valid: true, sms: sms.length, web: web.length, problems: [] }
    print(options, found, () => `${name} can be used: ${sms.length} in sms, ${web.length} in web`)
  } catch (error) {
    if (!(error instanceof RoutesError)) throw error
    const problems = error.problems.map(({ line, key, message }) => ({ line: line || null, key: key || null, message }))
    print(options, { file: name, valid: false, problems }, () => error.lines.join('\n'))
    process.exitCode = exitCodeForBadFile
  }
}

function show(options: ShowOptions): void {
  const config = readConfig()
  const file = fileOf(config)
  const routes = exitOnConfigError(() => watchRoutes(file)).current
  const { address = '', service, publicKey, participant } = options
  const all = effectiveRoutes(routes, config)
  const chosen = all.filter(wanted()).map((found): Chosen => ({ ...found, ...agentsFor(found, participant) }))
  print(options, { file, routes: chosen.map(view) }, () => {
    if (chosen.length === 0) return `${file} has no routes`
    // Who asks for one route wants to see all of it.
    if (participant !== undefined && chosen.length > 1) return pageOfAgents(chosen)
    return pageOfRoutes(chosen)
  })

  function wanted(): (found: EffectiveRoute) => boolean {
    if (publicKey !== undefined) {
      const route = routes.webRoute(publicKey)
      if (!route) throw new Failure(`expected ${file} to have a web route with public_key ${publicKey}`)
      return (found) => found.route === route
    }
    if (options.address === undefined && service === undefined)
      return ({ route }) => participant === undefined || 'inboundAgents' in route
    const route = routes.smsRoute({ to: address, messagingServiceSid: service })
    const where = [options.address, service].filter((part) => part !== undefined).join(' in ')
    if (!route) throw new Failure(`expected ${file} to have an SMS route for ${where}: messages there are refused`)
    return (found) => found.route === route
  }
}

function agentsFor({ route }: EffectiveRoute, participant: string | undefined): Pick<Chosen, 'agents'> {
  if (participant === undefined || !('inboundAgents' in route)) return {}
  const { inboundAgents, outboundAgents } = route
  return {
    agents: { inbound: chooseAgent(inboundAgents, participant), outbound: chooseAgent(outboundAgents, participant) },
  }
}

function view({ place, settings, agents }: Chosen) {
  return {
    place,
    settings: Object.fromEntries(settings.map(({ key, value }) => [key, value ?? null])),
    from: Object.fromEntries(settings.map(({ key, from }) => [key, from])),
    ...(agents && { agents }),
  }
}

/** @throws Failure when no file is named, and none lies where one is looked for */
function fileOf({ routesFile }: { routesFile?: string }): string {
  if (routesFile !== undefined) return routesFile
  throw new Failure('expected a routes file: CHATLANE_CONFIG is not set, and there is no ./chatlane.yaml')
}

function parseAddress(text: string): string {
  if (!isTwilioAddress(text)) throw new InvalidArgumentError('expected an address such as +15005550006')
  return text
}

function parseService(text: string): string {
  if (!/^MG[0-9a-fA-F]{32}$/.test(text)) throw new InvalidArgumentError('expected MG and 32 hexadecimal digits')
  return text
}
