import type { Logger } from '../logging/logger.ts'
import type { RoutesHolder } from '../routing/holder.ts'

/** A signal that comes again so soon is the same one: a Ctrl-C comes from the terminal and once more through pnpm. */
const SAME_SIGNAL_MS = 1_000

/**
 * On SIGTERM or SIGINT stops in order and exits 0; a second signal exits at once.
 * @param withinMs a stop that takes longer ends the process all the same; what was in hand is taken over by others
 */
export function stopOnSignal(logger: Logger, withinMs: number, stop: () => Promise<void>): void {
  let since: number | undefined
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (since !== undefined) {
        if (Date.now() - since > SAME_SIGNAL_MS) process.exit(1)
        return
      }
      since = Date.now()
      logger.info({ signal }, 'stopping')
      setTimeout(() => process.exit(0), withinMs)
      stop()
        .then(() => logger.info('stopped'))
        .catch((error: unknown) => logger.error({ err: error }, 'stopping'))
        .finally(() => process.exit(0))
    })
  }
}

/** On SIGHUP reads the routes again; a bad file keeps the old ones and says why. @param onReload told of new ones */
export function reloadOnSignal(logger: Logger, routes: RoutesHolder, onReload = () => {}): void {
  process.on('SIGHUP', () => {
    const reload = routes.reload()
    if (reload.ok) {
      logger.info('routes read again')
      onReload()
    } else logger.error({ problems: reload.problems }, 'the routes file is not valid: the old routes stay')
  })
}
