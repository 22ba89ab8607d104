// A worker process of its own, to be killed. Its settings come from the environment, its readiness goes to its parent.
import { createLogger, loadConfig, watchRoutes } from '@chatlane/core'
import { startWorker } from '../src/worker.ts'

const config = loadConfig('worker', process.env)
const logger = createLogger(config.log, { service: 'worker process' })
await startWorker(config, watchRoutes(config.routesFile, config.uponai.dialect), logger)
process.send?.('ready')
process.on('disconnect', () => process.exit())
