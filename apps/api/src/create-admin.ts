import type { ApiMetrics, Logger } from '@chatlane/core'
import express, { type Express } from 'express'
import helmet from 'helmet'
import { healthz } from './health/healthz.ts'
import type { Readiness } from './health/readiness.ts'
import { readyz } from './health/readyz.ts'
import { refuseOtherMethods } from './other-methods.ts'
import { problemHandler, unknownRoute } from './problem-handler.ts'

interface AdminParts {
  /** What someone should see to, though it keeps nothing else from working. */
  notes: () => readonly string[]
  readiness: Readiness
  metrics: ApiMetrics
  logger: Logger
}

/** The inner listener's application; never meant for the internet. */
export function createAdmin({ notes, readiness, metrics, logger }: AdminParts): Express {
  const app = express().set('etag', false).use(helmet())
  app.get('/healthz', healthz)
  app.get('/readyz', readyz(readiness, { reasons: true, notes }))
  app.get('/metrics', async (_request, response) => {
    const { registry } = metrics
    response.set('Content-Type', registry.contentType).end(await registry.metrics())
  })
  refuseOtherMethods(app)
  return app.use(unknownRoute).use(problemHandler(logger))
}
