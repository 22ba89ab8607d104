import { isNotReplicated, isRedisUnavailable, type Logger, UnreadableRecordError } from '@chatlane/core'
import type { ErrorRequestHandler, RequestHandler, Response } from 'express'
import { type Limit, Problem, unavailable } from './problems.ts'
import { note } from './request-log.ts'

/** Answers every failure with `application/problem+json`; what nobody foresaw is logged and says nothing of itself. */
export function problemHandler(logger: Logger, onLimit?: (limit: Limit) => void): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    const problem = problemOf(error)
    if (problem.limit !== undefined) onLimit?.(problem.limit)
    note(response, { outcome: problem.code })
    if (problem.code === 'internal') logger.error({ err: error }, 'a request failed')
    else if (problem.code === 'unavailable') note(response, whyUnavailable(error))
    // An event stream that broke: the client comes back with the last id it has.
    if (response.headersSent) response.destroy()
    else sendProblem(response, problem)
  }
}

/** What became of Redis is said once, by its connections; here it is enough to know that it was that. */
function whyUnavailable(error: unknown): Record<string, unknown> {
  const isRedis = isRedisUnavailable(error) || isNotReplicated(error)
  return isRedis && error instanceof Error ? { why: error.message } : { err: error }
}

export const unknownRoute: RequestHandler = (request) => {
  throw new Problem('not_found', `nothing answers ${request.method} ${request.path}`)
}

function sendProblem(response: Response, problem: Problem): void {
  if (problem.retryAfter !== undefined) response.set('Retry-After', String(problem.retryAfter))
  if (problem.code === 'unauthorized') response.set('WWW-Authenticate', 'Bearer')
  response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem))
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (isNotReplicated(error)) return unavailable(error.message)
  if (isRedisUnavailable(error)) return unavailable('Redis cannot take it right now; nothing is lost by trying again')
  if (error instanceof UnreadableRecordError)
    return new Problem('unreadable', `what is stored of this conversation cannot be read: ${error.problem}`)
  return problemOfPath(error) ?? new Problem('internal', 'the failure is logged')
}

/** Express marks what cannot be decoded in a path with a status below 500. */
function problemOfPath(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined
  if (error.status < 400 || error.status >= 500) return undefined
  return new Problem('malformed_body', 'expected a request that can be decoded')
}
