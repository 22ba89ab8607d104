import type { ApiMetrics, Logger } from '@chatlane/core'
import type { Request, RequestHandler, Response } from 'express'

const notes = new WeakMap<Response, Record<string, unknown>>()

/** Methods of the API that change something. */
const CHANGING: ReadonlySet<string> = new Set(['POST', 'PATCH', 'DELETE'])

/** Adds to the line that is logged when the request is over. Never a text or a token. */
export function note(response: Response, fields: Record<string, unknown>): void {
  notes.set(response, { ...notes.get(response), ...fields })
}

/** One line per request that changes something, and per request that failed on our side. All of them are counted. */
export function requestLog(logger: Logger, metrics: ApiMetrics): RequestHandler {
  return (request, response, next) => {
    const began = performance.now()
    response.once('close', () => {
      const ms = performance.now() - began
      const route = templateOf(request)
      const status = response.headersSent ? response.statusCode : undefined
      metrics.request({ method: request.method, route, status, ms: lasts(response) ? undefined : ms })
      const changes = CHANGING.has(request.method)
      const failed = response.headersSent && response.statusCode >= 500
      if (!changes && !failed) return
      const line = {
        method: request.method,
        path: route,
        status,
        ms: Math.round(ms * 10) / 10,
        ...notes.get(response),
        ...(!response.writableFinished && { aborted: true }),
      }
      logger[failed ? 'warn' : 'info'](line, 'request')
    })
    next()
  }
}

/** An event stream, which ends when its reader likes. */
function lasts(response: Response): boolean {
  return String(response.getHeader('content-type')).startsWith('text/event-stream')
}

/** The route's path with its parameters' names: what was asked for may carry a token. */
function templateOf(request: Request): string {
  const route: unknown = request.route
  const known = typeof route === 'object' && route !== null && 'path' in route && typeof route.path === 'string'
  return known ? `${request.baseUrl}${route.path}` : 'unknown'
}
