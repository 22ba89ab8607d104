import {
  AgentCheck,
  createLogger,
  exitIfConfigError,
  exitOnConfigError,
  loadConfig,
  reloadOnSignal,
  secretsOf,
  stopOnSignal,
  watchRoutes,
} from '@chatlane/core'
import { startWorker } from './worker.ts'

/** A stop that takes longer than this, whatever holds it up, ends the process all the same. */
const STOP_WITHIN_MS = 9_000

const { config, routes } = exitOnConfigError(() => {
  const config = loadConfig('worker', process.env)
  return { config, routes: watchRoutes(config.routesFile, config.uponai.dialect) }
})
const logger = createLogger(config.log, { service: 'worker', secrets: secretsOf(config) })
for (const warning of config.warnings) logger.warn(warning)

// Here and not in the api: it is the worker that opens chats with these agents.
const agentCheck = new AgentCheck({ config: config.uponai, routes, logger })
reloadOnSignal(logger, routes, () => agentCheck.begin())
let begun = false
const starting = startWorker(config, routes, logger, () => {
  begun = true
})
// Before it has begun (it may wait for Redis) it has nothing in hand.
stopOnSignal(logger, STOP_WITHIN_MS, async () => {
  agentCheck.stop()
  if (begun) await (await starting).stop()
})
try {
  await starting
  agentCheck.begin()
} catch (error) {
  exitIfConfigError(error)
  logger.fatal({ err: error }, 'the worker cannot start')
  process.exit(1)
}
