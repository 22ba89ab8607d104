import type { Logger } from '@chatlane/core'
import type { Request, RequestHandler, Response } from 'express'

const notes = new WeakMap<Response, Record<string, unknown>>()

/** Adds to the line that is logged when the request is over. Never a text or a token. */
export function note(response: Response, fields: Record<string, unknown>): void {
  notes.set(response, { ...notes.get(response), ...fields })
}

/** One line per request that changes something, and per request that failed on our side. */
export function requestLog(logger: Logger): RequestHandler {
  return (request, response, next) => {
    const began = performance.now()
    response.once('close', () => {
      const changes = request.method === 'POST' || request.method === 'DELETE'
      const failed = response.headersSent && response.statusCode >= 500
      if (!changes && !failed) return
      const line = {
        method: request.method,
        path: templateOf(request),
        status: response.headersSent ? response.statusCode : undefined,
        ms: Math.round((performance.now() - began) * 10) / 10,
        ...notes.get(response),
        ...(!response.writableFinished && { aborted: true }),
      }
      logger[failed ? 'warn' : 'info'](line, 'request')
    })
    next()
  }
}

/** The route's path with its parameters' names: what was asked for may carry a token. */
function templateOf(request: Request): string {
  const route: unknown = request.route
  const known = typeof route === 'object' && route !== null && 'path' in route && typeof route.path === 'string'
  return known ? `${request.baseUrl}${route.path}` : 'unknown'
}
