import {
  createLogger,
  exitOnConfigError,
  loadConfig,
  reloadOnSignal,
  secretsOf,
  stopOnSignal,
  watchRoutes,
} from '@chatlane/core'
import { startWorker } from './worker.ts'

/** A stop that takes longer than this, whatever holds it up, ends the process all the same. */
const STOP_WITHIN_MS = 10_000

const { config, routes } = exitOnConfigError(() => {
  const config = loadConfig('worker', process.env)
  return { config, routes: watchRoutes(config.routesFile) }
})
const logger = createLogger(config.log, { service: 'worker', secrets: secretsOf(config) })
for (const warning of config.warnings) logger.warn(warning)

const worker = startWorker(config, routes, logger)
reloadOnSignal(logger, routes)
stopOnSignal(logger, STOP_WITHIN_MS, async () => (await worker).stop())
worker.catch((error: unknown) => {
  logger.fatal({ err: error }, 'the worker cannot start')
  process.exit(1)
})
