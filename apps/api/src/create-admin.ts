import type { Logger } from '@chatlane/core'
import express, { type Express } from 'express'
import helmet from 'helmet'
import { healthz } from './health/healthz.ts'
import type { Readiness } from './health/readiness.ts'
import { readyz } from './health/readyz.ts'
import { problemHandler, unknownRoute } from './problem-handler.ts'

/** The inner listener's application; never meant for the internet. */
export function createAdmin({ readiness, logger }: { readiness: Readiness; logger: Logger }): Express {
  const app = express().set('etag', false).use(helmet())
  app.get('/healthz', healthz)
  app.get('/readyz', readyz(readiness))
  return app.use(unknownRoute).use(problemHandler(logger))
}
