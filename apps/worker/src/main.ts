import { createLogger, exitOnConfigError, loadConfig, secretsOf, watchRoutes } from '@chatlane/core'
import { startWorker } from './worker.ts'

/** A stop that takes longer than this ends the process all the same; what was in hand is taken over by others. */
const STOP_WITHIN_MS = 10_000

/** A signal that comes again so soon is the same one. */
const SAME_SIGNAL_MS = 1_000

const { config, routes } = exitOnConfigError(() => {
  const config = loadConfig('worker', process.env)
  return { config, routes: watchRoutes(config.routesFile) }
})
const logger = createLogger(config.log, { service: 'worker', secrets: secretsOf(config) })
for (const warning of config.warnings) logger.warn(warning)

process.on('SIGHUP', () => {
  const reload = routes.reload()
  if (reload.ok) logger.info('routes read again')
  else logger.error({ problems: reload.problems }, 'the routes file is not valid: the old routes stay')
})

const worker = startWorker(config, routes, logger)
let stoppingSince: number | undefined
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    // Only who insists later ends it at once: a Ctrl-C comes twice, from the terminal and handed on by pnpm.
    if (stoppingSince !== undefined) {
      if (Date.now() - stoppingSince > SAME_SIGNAL_MS) process.exit(1)
      return
    }
    stoppingSince = Date.now()
    logger.info({ signal }, 'stopping')
    setTimeout(() => process.exit(0), STOP_WITHIN_MS).unref()
    void worker
      .then((running) => running.stop())
      .catch((error: unknown) => logger.error({ err: error }, 'stopping'))
      .finally(() => process.exit(0))
  })
}
